// Package shape bounds the bandwidth of a tenant and of its containers, in both
// directions, with a device that an outermost tenant has with those below it.
//
// The device is an IFB: packets that are sent to it come back where they were
// taken from. On the way they wait in a tree of HTB classes: for each direction
// one of each tenant, below that of its parent, and below it one for each network
// namespace of the tenant's containers, a leaf. The rules of the walls send packets there, as the last
// thing that they do, and say in skb->priority which leaf is theirs:
//
//	meta priority set ba:1230 fwd to "bw-acme-9b2f0c1d"
//
// What is planned is a pure function of the tenant's limits and of the leaves,
// and prints as lines of ip and tc. Limits count the bytes of Ethernet frames
// without their checksum. The kernel counts large packets that are yet to be cut
// into frames as those frames, headers included (qdisc_pkt_len_init).
package shape

import "fmt"

// major is of all classes. A packet that comes back keeps its skb->priority, and
// a queue on its further way that has this handle would take it as its own. Those
// that nobody named are 8001 and above.
const major = 0xba

// A Rate is in bits a second; 0 is not bounded.
type Rate uint64

func (r Rate) String() string { return fmt.Sprintf("%dbit", uint64(r)) }

func (r Rate) bytes() uint64 { return uint64(r) / 8 }

// whole rounds to bytes a second, as HTB counts. It has no rate of 0.
func (r Rate) whole() Rate {
	if r == 0 {
		return 0
	}
	return max(8, r/8*8)
}

// Limits are of the two directions, as a container sees them.
type Limits struct{ Egress, Ingress Rate }

// within returns the tighter of the two in each direction.
func (l Limits) within(of Limits) Limits {
	return Limits{tighter(l.Egress, of.Egress).whole(), tighter(l.Ingress, of.Ingress).whole()}
}

func tighter(a, b Rate) Rate {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Shape says where the packets of an interface wait: on which device, and in
// which class, those that the container sends and those that it receives. A
// class of 0 is none: that direction has no limit.
type Shape struct {
	Device   string
	Up, Down uint32
}

// Class writes a class as tc and nft do.
func Class(id uint32) string { return fmt.Sprintf("%x:%x", id>>16, id&0xffff) }
