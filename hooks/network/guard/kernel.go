package guard

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Outlives reports whether, on a kernel of this release, a guard stays when its
// owner has died.
func Outlives(release string) bool { return since(release, 6, 9) }

// ClosesRaw reports whether a kernel of this release has a hook for interfaces
// that are not there yet, so that packet sockets do not pass a guard.
func ClosesRaw(release string) bool { return since(release, 6, 17) }

// Ownerships are those that this kernel may have, the strongest first. What its
// release does not promise is not tried: a transaction that the kernel refuses
// waits for all CPUs. Every kernel that walls stand on has the last: they need
// netdev's egress hook (5.16).
func Ownerships() []nft.Ownership {
	all := []nft.Ownership{nft.Persisted, nft.Owned}
	if !Outlives(running()) {
		return all[1:]
	}
	return all
}

func running() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "" // the oldest
	}
	return unix.ByteSliceToString(u.Release[:])
}

// since compares a release with a version, "6.18.44-fc" for one.
func since(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	a, err := strconv.Atoi(first)
	b, err2 := strconv.Atoi(second)
	return err == nil && err2 == nil && (a > major || a == major && b >= minor)
}
