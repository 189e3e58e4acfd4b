package isolator

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A deviceAccess is what may be done with a device.
type deviceAccess uint8

const (
	readDevice deviceAccess = 1 << iota
	writeDevice
	makeNode  // mknod(2), which gives no access to the device
	anyAccess = readDevice | writeDevice | makeNode
)

// accessOf reads the letters of a cgroup's rule; plain: there were no others.
func accessOf(letters string) (a deviceAccess, plain bool) {
	plain = true
	for _, l := range letters {
		switch l {
		case 'r':
			a |= readDevice
		case 'w':
			a |= writeDevice
		case 'm':
			a |= makeNode
		default:
			plain = false
		}
	}
	return a, plain
}

func (a deviceAccess) String() string {
	var letters []byte
	for i, l := range []byte("rwm") {
		if a&(1<<i) != 0 {
			letters = append(letters, l)
		}
	}
	return string(letters)
}

// every stands for all major or minor numbers.
const every = -1

// A deviceRange is the devices of a type ('b' or 'c') with these numbers, and what may be
// done with them.
type deviceRange struct {
	kind         byte
	major, minor int64
	access       deviceAccess
}

// defaultDevices are in every container. The console of the node (c 5:1), which
// engines list too, is not: a container's /dev/console is a pseudo terminal.
// Source: runtime-spec 1.3.0, config-linux.md, "Default Devices"; numbers:
// Linux, Documentation/admin-guide/devices.txt.
var defaultDevices = []deviceRange{
	{'c', 1, 3, anyAccess},       // null
	{'c', 1, 5, anyAccess},       // zero
	{'c', 1, 7, anyAccess},       // full
	{'c', 1, 8, anyAccess},       // random
	{'c', 1, 9, anyAccess},       // urandom
	{'c', 5, 0, anyAccess},       // tty, the process's own terminal
	{'c', 5, 2, anyAccess},       // ptmx
	{'c', 136, every, anyAccess}, // pts, which opens in a devpts only
}

// grants are the devices that a tenant may have.
type grants []deviceRange

// devicesOf looks a granted path up each time: drivers may have other numbers
// after the next boot.
func devicesOf(c *Case) grants {
	own := append(grants{}, defaultDevices...)
	for _, d := range c.Policy.Security.Exceptions.Devices {
		own = own.with(c, d.Path, d.Permissions, "")
	}
	for _, d := range c.Policy.Security.Exceptions.CDIDevices {
		for _, n := range d.Nodes {
			own = own.with(c, n.HostPath, n.Permissions, n.Type)
		}
	}
	return own
}

// with adds the device of the node at a path, if it is one (of a type, if that
// is not empty) and nobody but root can put another file there.
func (g grants) with(c *Case, path, permissions, kind string) grants {
	f := c.Facts.Files[path]
	d, ok := deviceAt(f)
	if !ok || kind != "" && kind[0] != d.kind {
		return g
	}
	d.access, _ = accessOf(permissions)
	for i, has := range g {
		if has.kind == d.kind && has.major == d.major && has.minor == d.minor {
			g[i].access |= d.access
			return g
		}
	}
	return append(g, d)
}

// deviceAt is the device that a file of the node is.
func deviceAt(f File) (deviceRange, bool) {
	d := deviceRange{kind: 'c', major: f.Major, minor: f.Minor}
	if f.Kind == Block {
		d.kind = 'b'
	}
	return d, f.Guarded && (f.Kind == Block || f.Kind == Char)
}

// access is what the tenant may do with devices that a rule names, with all of
// them. Making nodes is everybody's.
func (g grants) access(d deviceRange) deviceAccess {
	got := makeNode
	for _, has := range g {
		if has.kind == d.kind && (has.major == every || has.major == d.major) && (has.minor == every || has.minor == d.minor) {
			got |= has.access
		}
	}
	return got
}

// node reports whether the tenant may have a node of the device, which needs
// its very numbers.
func (g grants) node(d deviceRange) bool {
	for _, has := range g {
		if has.kind == d.kind && has.major == d.major && has.minor == d.minor && has.minor != every && has.access&^makeNode != 0 {
			return true
		}
	}
	return false
}

// deviceOf is the device of a node in the spec; ok is false for what is none.
func deviceOf(n specs.LinuxDevice) (d deviceRange, ok bool) {
	d = deviceRange{kind: 'c', major: n.Major, minor: n.Minor}
	switch n.Type {
	case "b":
		d.kind = 'b'
	case "c", "u": // unbuffered is the kernel's character device
	default:
		return d, false
	}
	return d, true
}
