package posture

import (
	"fmt"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// MountsBeyond compares the mounts of a container's init process with the spec
// that its delegate was given: whether there are others, whether what is
// read-only or masked there is so, and whether the root is the node's. Who holds
// CAP_SYS_ADMIN may mount, and is left out.
func (p *Posture) MountsBeyond(given *specs.Spec, here *Posture) []Difference {
	var all differences
	if slices.Contains(names(p.Capabilities.Bounding), "CAP_SYS_ADMIN") || given.Linux == nil {
		return nil
	}
	m := comparison{p: p, given: given}
	for i, mount := range p.Mounts {
		last := !slices.ContainsFunc(p.Mounts[i+1:], func(n Mount) bool { return n.Point == mount.Point })
		if last {
			all = append(all, m.mount(mount, here)...)
		}
	}
	all.masks(p, given.Linux)
	return all
}

type comparison struct {
	p     *Posture
	given *specs.Spec
}

func (c comparison) mount(m Mount, here *Posture) (all differences) {
	if m.Point == "/" {
		if slices.ContainsFunc(here.Mounts, func(h Mount) bool { return h.Point == "/" && h.Device == m.Device && h.Root == m.Root }) {
			all.add("root.path", "the node's root", "a root of its own")
		}
		if c.given.Root != nil && c.given.Root.Readonly && !m.ReadOnly {
			all.add("root.readonly", "false", "true")
		}
		return all
	}
	asked := c.askedFor(m)
	switch {
	case asked == nil && !c.madeByDelegate(m.Point):
		all.add("mounts", fmt.Sprintf("%s of %s at %s", m.Root, m.Source, m.Point), "only those that were given")
	case asked != nil && shows(m, asked) && slices.Contains(asked.Options, "ro") && !m.ReadOnly:
		all.add(fmt.Sprintf("mounts[%s]", asked.Destination), "writable", "ro")
	}
	return all
}

// shows reports a mount that is what was asked for, and not only below it. On
// cgroup v1 that is each hierarchy: runc (1.1) leaves the tmpfs that it puts them
// into, which is the container's own, writable.
func shows(m Mount, asked *specs.Mount) bool {
	if asked.Type == "cgroup" {
		return m.Type != "tmpfs"
	}
	return m.Point == path.Clean(asked.Destination)
}

// askedFor is the mount of the spec that this one is, or is below. A link inside
// of the container may have led it elsewhere, as /var/run does to /run: then its
// last component tells.
func (c comparison) askedFor(m Mount) *specs.Mount {
	var found *specs.Mount
	for i, g := range c.given.Mounts {
		at := path.Clean(g.Destination)
		if (m.Point == at || strings.HasPrefix(m.Point, at+"/")) && (found == nil || len(at) > len(found.Destination)) {
			found = &c.given.Mounts[i]
		}
	}
	if found != nil {
		return found
	}
	for i, g := range c.given.Mounts {
		if path.Base(g.Destination) == path.Base(m.Point) {
			return &c.given.Mounts[i]
		}
	}
	return nil
}

// madeByDelegate reports a mount that comes from other parts of the spec.
func (c comparison) madeByDelegate(point string) bool {
	l := c.given.Linux
	device := func(d specs.LinuxDevice) bool { return path.Clean(d.Path) == point }
	return slices.Contains(l.MaskedPaths, point) || slices.Contains(l.ReadonlyPaths, point) ||
		point == "/dev/console" || slices.ContainsFunc(l.Devices, device)
}

// masks: what the spec masks or makes read-only is a mount of its own. A path
// that is not there was left out by the delegate: of those in /proc and /sys the
// node tells, since every container sees the same.
func (ds *differences) masks(p *Posture, given *specs.Linux) {
	at := func(point string) *Mount {
		for i := len(p.Mounts) - 1; i >= 0; i-- {
			if p.Mounts[i].Point == point {
				return &p.Mounts[i]
			}
		}
		return nil
	}
	for _, of := range []struct {
		field string
		paths []string
	}{{"linux.maskedPaths", given.MaskedPaths}, {"linux.readonlyPaths", given.ReadonlyPaths}} {
		for _, masked := range of.paths {
			m := at(masked)
			if m == nil && onEveryNode(masked) && at(path.Join("/", strings.Split(masked, "/")[1])) != nil {
				ds.add(of.field, masked+" is open", "as given")
			}
			if m != nil && of.field == "linux.readonlyPaths" && !m.ReadOnly {
				ds.add(of.field, masked+" is writable", "read-only")
			}
		}
	}
}

// onEveryNode are the paths of the floor that no kernel leaves out.
func onEveryNode(p string) bool {
	return slices.Contains([]string{"/proc/interrupts", "/proc/sys", "/proc/irq", "/proc/bus"}, p)
}
