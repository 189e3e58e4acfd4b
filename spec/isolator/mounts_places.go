package isolator

import (
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// reservedPlaces are those that delegates fill or go through themselves while
// they set a container up: a mount there leads what they do elsewhere
// (CVE-2019-19921, CVE-2025-31133 by /dev/null, CVE-2025-52565 by /dev/pts).
var reservedPlaces = []string{
	"/proc", "/sys", "/dev", "/dev/console", "/dev/full", "/dev/null", "/dev/ptmx", "/dev/pts", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero",
}

// lxcfsPlaces are the files of /proc that may be mounted over: lxcfs shows the
// container's own numbers there. Source: runc 1.5.2, rootfs_linux.go,
// checkProcMount.
var lxcfsPlaces = []string{
	"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
}

// place is where a mount will be, as far as its name tells.
func place(m specs.Mount) string { return path.Clean(m.Destination) }

func isReserved(at string) bool {
	return slices.Contains(reservedPlaces, at) || belowOneOf([]string{"/proc", "/sys", "/dev/pts"}, at)
}

// inside refuses a destination that names no place in the container. A slash
// too many is not refused: pods have them.
//
// One that lies within another mount is accepted, though whoever writes there
// can make the name a link meanwhile (CVE-2021-30465; attack row 22), as an
// image can before. Ordinary pods are made so: the token below an emptyDir at
// /var/run, a ConfigMap within a volume of data. Delegates look the name up
// inside the container's root and mount on what they found, not on the name
// again (runc since 1.0.0-rc95, with openat2 in 1.5; crun), so that a link leads
// to another place of the same container and no further; that none leads into
// /proc they check themselves. What those links can still mislead is fixed in
// the delegate (attack row 23).
func (s mountScope) inside(m specs.Mount) error {
	at := place(m)
	if !path.IsAbs(m.Destination) || at == "/" || comesBack(m.Destination) || strings.ContainsFunc(at, isControlCharacter) || s.onNode(at) {
		return mountDenial(m, "destination", m.Destination, "an absolute path below the container's root, as the container sees it", Nothing)
	}
	return nil
}

// comesBack reports a path with "..", which leads elsewhere where a name before
// it is a link.
func comesBack(p string) bool { return slices.Contains(strings.Split(p, "/"), "..") }

// mayReserve reports whether a bind mount of what the operator has listed may be
// at a reserved place: the node's own of the same place, lxcfs, and below /sys.
func mayReserve(m specs.Mount) bool {
	at := place(m)
	return path.Clean(m.Source) == at || slices.Contains(lxcfsPlaces, at) || belowOneOf([]string{"/sys"}, at)
}

func (s mountScope) reservedDenial(m specs.Mount) error {
	if s.privileged || s.inside(m) != nil { // that says enough
		return nil
	}
	return mountDenial(m, "destination", m.Destination, "a place outside of /proc, /sys and what every container has in /dev", "security.level: privileged")
}
