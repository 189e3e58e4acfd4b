package namespace

import "os"

const (
	pingGroups = "/proc/sys/net/ipv4/ping_group_range"
	// noGroup is what a new namespace has, allGroups every group, as the node's
	// user namespace numbers them, that the kernel takes.
	// Source: Documentation/networking/ip-sysctl.rst, "ping_group_range".
	noGroup   = "1\t0\n"
	allGroups = "0 2147483647"
)

// OpenPing lets every process in a network namespace send ICMP echo requests,
// over IPv4 and IPv6, without CAP_NET_RAW. A range that somebody set stays.
func OpenPing(fd int) error {
	return In(fd, func() error {
		now, err := os.ReadFile(pingGroups)
		if err != nil || string(now) != noGroup {
			return err
		}
		return os.WriteFile(pingGroups, []byte(allGroups), 0)
	})
}
