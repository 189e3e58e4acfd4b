package isolator

import (
	"errors"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A mountType is what is known of a filesystem that is no bind mount.
type mountType struct {
	at      string   // its only place; empty: any
	options []string // that it may have besides those of every mount; one with '=' takes a number
	imposed []string // that it gets
}

// mountTypes are the filesystems that engines give to containers (moby 29.5,
// daemon/pkg/oci/defaults.go; containerd 2.4.2, pkg/oci/mounts.go and
// internal/cri/opts; nerdctl 2, pkg/cmd/container). What is imposed is what
// these engines' own specs have for all but a few: such a restraint is noticed
// by nobody. A tmpfs without a size is bounded by the container's memory.
var mountTypes = map[string]mountType{
	"proc":  {at: "/proc", imposed: []string{"nosuid", "noexec", "nodev"}},
	"sysfs": {at: "/sys", imposed: []string{"nosuid", "noexec", "nodev", "ro"}},
	// The options of cgroup2 count in the node's cgroup namespace only; CRI sends
	// them where it asks for no other (containerd 2.4).
	"cgroup":  {"/sys/fs/cgroup", []string{"nsdelegate", "memory_recursiveprot"}, []string{"nosuid", "noexec", "nodev", "ro"}},
	"cgroup2": {"/sys/fs/cgroup", []string{"nsdelegate", "memory_recursiveprot"}, []string{"nosuid", "noexec", "nodev", "ro"}},
	"mqueue":  {at: "/dev/mqueue", imposed: []string{"nosuid", "noexec", "nodev"}},
	"devpts":  {"/dev/pts", []string{"newinstance", "mode=", "ptmxmode=", "uid=", "gid=", "max="}, []string{"nosuid", "noexec", "newinstance"}},
	"tmpfs":   {"", []string{"suid", "dev", "exec", "mode=", "uid=", "gid=", "size=", "nr_inodes="}, []string{"nosuid", "nodev"}},
}

// mostTerminals is how many pseudo terminals one container can have. The node
// has 3072 for all containers together (kernel.pty.max less kernel.pty.reserve;
// Linux, Documentation/filesystems/devpts.rst).
const mostTerminals = 256

func (s mountScope) restrainType(m *specs.Mount) error {
	t, known := mountTypes[m.Type]
	if !known {
		return mountDenial(*m, "type", m.Type, "bind, cgroup, devpts, mqueue, proc, sysfs or tmpfs", Nothing)
	}
	var errs []error
	switch at := place(*m); {
	case t.at != "" && at != t.at:
		errs = append(errs, mountDenial(*m, "destination", m.Destination, t.at+" for "+m.Type, Nothing))
	case m.Type == "tmpfs" && at != "/dev" && isReserved(at):
		errs = append(errs, s.reservedDenial(*m))
	}
	if len(m.UIDMappings)+len(m.GIDMappings) > 0 {
		d := mountDenial(*m, "uidMappings", "", "none but for a bind mount", Nothing)
		d.Got = "set"
		errs = append(errs, d)
	}
	errs = append(errs, s.knownOptions(*m, t.options))
	for _, o := range t.imposed {
		if !(o == "nodev" && place(*m) == "/dev") && !(o == "ro" && s.privileged) { // the delegate makes its device nodes in /dev
			m.Options = imposed(m.Options, o)
		}
	}
	if m.Type == "devpts" {
		m.Options = atMost(m.Options, "max", mostTerminals)
	}
	if most := s.Policy.Container.ShmBytes; m.Type == "tmpfs" && place(*m) == "/dev/shm" && most != nil {
		if size := option(*m, "size"); strings.HasSuffix(size, "%") {
			errs = append(errs, mountDenial(*m, "options", "size="+size, "a size in bytes", Nothing))
		}
		m.Options = atMost(m.Options, "size", *most)
	}
	return errors.Join(errs...)
}

// lifts maps a restraint to the option that lifts it: of both the last counts.
var lifts = map[string]string{"ro": "rw", "nosuid": "suid", "nodev": "dev", "noexec": "exec"}

// imposed returns options with one more, and without what lifts it.
func imposed(options []string, restraint string) []string {
	options = slices.DeleteFunc(options, func(o string) bool { return o == lifts[restraint] })
	if !slices.Contains(options, restraint) {
		options = append(options, restraint)
	}
	return options
}
