package isolator

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Address families. Source: linux/socket.h.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17
)

// Protocols of netlink. Source: linux/netlink.h.
const (
	netlinkRoute     = 0  // addresses and routes; a libc asks it for interfaces
	netlinkDiag      = 4  // sockets, for ss
	netlinkXfrm      = 6  // IPsec
	netlinkAudit     = 9  // sshd, sudo and useradd write there
	netlinkNetfilter = 12 // iptables, conntrack
	netlinkUevent    = 15 // devices, for libudev
	netlinkGeneric   = 16 // what has no protocol of its own
)

// netlinkProtocols are those that programs use without a capability.
var netlinkProtocols = []uint64{netlinkRoute, netlinkDiag, netlinkAudit, netlinkUevent, netlinkGeneric}

// sockets allows the families that both levels have, but netlink. Of the others
// some are of use with a capability only, and the rest has a history (attack
// rows 30, 31).
func sockets(c *Case) []specs.LinuxSyscall {
	rules := []specs.LinuxSyscall{
		allowed("socket", equal(0, afUnix)),
		allowed("socket", equal(0, afInet)),
		allowed("socket", equal(0, afInet6)),
	}
	if mayHave(c, "CAP_NET_RAW") {
		rules = append(rules, allowed("socket", equal(0, afPacket)))
	}
	return rules
}

func netlink(protocols ...uint64) (rules []specs.LinuxSyscall) {
	for _, p := range protocols {
		rules = append(rules, allowed("socket", equal(0, afNetlink), equal(2, p)))
	}
	return rules
}
