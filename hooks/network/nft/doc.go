// Package nft is the part of nftables that stands around containers. Every word
// of it prints in the syntax of nft(8), so that an operator can read a plan, and
// encodes for the kernel, so that nothing is executed to carry it out.
//
// It speaks netlink through vishvananda/netlink, which every shim links anyway.
// github.com/google/nftables has no fwd statement, does not say which change of
// a transaction was refused, and waits for an answer to each, which takes longer
// than the changes. That both ways of a command mean the same is judged by nft.
//
// All acts on the network namespace of the calling thread.
package nft

import "golang.org/x/sys/unix"

// Family says where a table's chains stand.
type Family string

const (
	NetDev Family = "netdev" // at one network device
	Inet   Family = "inet"   // where IPv4 and IPv6 packets are routed
)

func (f Family) number() uint8 {
	if f == NetDev {
		return unix.NFPROTO_NETDEV
	}
	return unix.NFPROTO_INET
}

// Table holds what belongs together.
type Table struct {
	Family Family
	Name   string
}

func (t Table) String() string { return string(t.Family) + " " + t.Name }
