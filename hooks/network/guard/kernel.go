package guard

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Ownerships are those that this kernel may have, the strongest first. What its
// version does not promise is not tried: a transaction that the kernel refuses
// waits for all CPUs. Every kernel that walls stand on has the last: they need
// netdev's egress hook (5.16).
func Ownerships() []nft.Ownership {
	all := []nft.Ownership{nft.Persisted, nft.Owned}
	if !since(6, 9) {
		return all[1:]
	}
	return all
}

// EveryDevice reports whether the kernel may have a hook for devices that are not
// there yet (NFTA_DEVICE_PREFIX).
func EveryDevice() bool { return since(6, 17) }

// since compares with the kernel's version, "6.18.44-fc" for one.
func since(major, minor int) bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return false
	}
	return after(unix.ByteSliceToString(u.Release[:]), major, minor)
}

func after(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (a > major || a == major && b >= minor)
}
