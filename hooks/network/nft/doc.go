// Package nft is the part of nftables that the walls are made of. Every word of
// it prints in the syntax of nft(8), so that an operator can read a plan, and
// encodes for the kernel, so that nothing is executed to carry it out.
package nft

// Family says where a table's chains stand.
type Family string

const (
	NetDev Family = "netdev" // at one network device
	Inet   Family = "inet"   // where IPv4 and IPv6 packets are routed
)

// Table holds what belongs together.
type Table struct {
	Family Family
	Name   string
}

func (t Table) String() string { return string(t.Family) + " " + t.Name }
