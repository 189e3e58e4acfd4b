package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A profile is a filter as it is understood here: for each system call what is
// allowed and how the rest is denied.
type profile struct {
	open    bool   // a call that no entry names is allowed
	denial  denial // else it is denied so
	entries []entry
	index   map[string]int // of entries, by name

	anyArchitecture bool
	architectures   []specs.Arch // besides the native one
	flags           []specs.LinuxSeccompFlag
	listener        string
}

// An entry allows the calls that allow matches and deny does not.
type entry struct {
	name        string
	allow, deny []rule
	denial      denial // how it denies all calls, or those of deny
	denied      bool   // a rule names the call in order to deny it
}

// none is what no filter is: the top of the order.
var none = profile{open: true, anyArchitecture: true}

// read understands a filter. Where rules for one call have different actions
// the stricter counts, whatever their order and conditions.
func read(p *specs.LinuxSeccomp) profile {
	// runc takes an empty filter for none (1.5.2, SetupSeccomp).
	if p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0 {
		return none
	}
	out := profile{
		open:          p.DefaultAction == specs.ActAllow,
		architectures: p.Architectures,
		flags:         p.Flags,
		listener:      p.ListenerPath,
	}
	if !out.open {
		out.denial = denialOf(p.DefaultAction, p.DefaultErrnoRet)
	}
	names := 0
	for _, group := range p.Syscalls {
		names += len(group.Names)
	}
	out.entries, out.index = make([]entry, 0, names), make(map[string]int, names)
	for _, group := range p.Syscalls {
		out.add(group)
	}
	return out
}

// add takes in one entry of the filter for all its names.
func (p *profile) add(group specs.LinuxSyscall) {
	alternatives, unclear := readRules(group.Args)
	allows := group.Action == specs.ActAllow
	if allows && p.open {
		return // a delegate skips what equals the default
	}
	if unclear && !allows {
		alternatives = always
	}
	how := denialOf(group.Action, group.ErrnoRet)
	for _, name := range group.Names {
		i, known := p.index[name]
		if !known {
			i = len(p.entries)
			p.entries, p.index[name] = append(p.entries, p.of(name)), i
		}
		switch e := &p.entries[i]; {
		case allows:
			e.allow = join(e.allow, alternatives)
		case e.denied:
			e.deny, e.denial = join(e.deny, alternatives), stricter(e.denial, how)
		default:
			e.deny, e.denial, e.denied = join(nil, alternatives), how, true
		}
	}
}

// join returns the alternatives of both, in a list of its own: one entry of a
// filter is shared by its names.
func join(a, b []rule) []rule {
	switch {
	case isAlways(a):
		return a
	case isAlways(b):
		return b
	}
	return append(a, b...)
}

// settle brings the entries into the form that Meet works on.
func (p *profile) settle() {
	w := newWork()
	for i := range p.entries {
		if e := &p.entries[i]; e.denied || len(e.allow) > 1 {
			w.settle(e, p.open)
		}
	}
}

// settle leaves an entry of a closed profile without deny, and one that denies
// everything without allow.
func (w *work) settle(e *entry, open bool) {
	if !open {
		e.allow, e.deny = w.minus(e.allow, e.deny), nil
		return
	}
	denies := len(e.deny) > 0
	if e.deny = w.reduce(e.deny); isAlways(e.deny) || denies && e.deny == nil {
		e.allow, e.deny = nil, nil
	}
}

func (e *entry) deniesAll() bool { return len(e.allow) == 0 }

// has reports that the filter looks at calls of the architecture; others are killed.
func (p *profile) has(a specs.Arch) bool {
	return p.anyArchitecture || slices.Contains(p.architectures, a)
}

func (p *profile) top() bool { return p.index == nil }

// of returns the entry of a system call, whether the filter names it or not.
func (p *profile) of(name string) entry {
	if i, ok := p.index[name]; ok {
		return p.entries[i]
	}
	if p.open {
		return entry{name: name, allow: always}
	}
	return entry{name: name, denial: p.denial}
}
