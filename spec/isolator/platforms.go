package isolator

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
platforms: the parts of the spec that are for other systems.

Owns     solaris, windows, vm, zos, freebsd, process.commandLine
Rule     Refused; the command line of a further process is dropped.
Because  No delegate of Linux reads them today. One that begins to would get
         what nobody has decided: vm names a hypervisor, a kernel and an image
         of the node.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "platforms",
	Owns:    []string{"/spec/solaris", "/spec/windows", "/spec/vm", "/spec/zos", "/spec/freebsd", "/spec/process/commandLine"},
	Reason:  "for another system than Linux",
	Leq:     platformsLeq,
	Rewrite: func(_ *Case, r *Request) error { return onlyLinux(r) },
	Exec:    noCommandLine,
	Holds:   func(_ *Case, r *Request) error { return onlyLinux(r) },
})

// A foreignPart is a part of the spec that is for another system.
type foreignPart struct {
	path string
	set  bool
}

func foreignParts(s *specs.Spec) []foreignPart {
	return []foreignPart{
		{"solaris", s.Solaris != nil},
		{"windows", s.Windows != nil},
		{"vm", s.VM != nil},
		{"zos", s.ZOS != nil},
		{"freebsd", s.FreeBSD != nil},
		{"process.commandLine", valueOf(s.Process).CommandLine != ""},
	}
}

func onlyLinux(r *Request) error {
	var errs []error
	for _, p := range foreignParts(r.Spec) {
		if p.set {
			errs = append(errs, &Denial{"platforms", p.path, "set", "none on Linux", Nothing})
		}
	}
	return errors.Join(errs...)
}

func noCommandLine(_ *Case, p *specs.Process) error {
	p.CommandLine = ""
	return nil
}

func platformsLeq(a, b *Request) bool {
	y := foreignParts(b.Spec)
	for i, p := range foreignParts(a.Spec) {
		if p.set && !y[i].set {
			return false
		}
	}
	return true
}
