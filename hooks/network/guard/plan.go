// Package guard is what of a container's walls stands inside its network
// namespace. Everything that has to hold stands on the node; the guard is for
// what the node cannot know yet, or cannot see:
//
// An interface that the container is given while it runs has no walls on the
// node until the shim has heard of it. Until then the guard lets nothing in or
// out by it.
//
// The kernel's table of neighbours is one for all namespaces, and full at some
// thousand entries. A container makes one for each address on its links that it
// sends to, whether somebody is there or not. The guard lets it wait for few
// that have not answered.
//
// A container with CAP_NET_ADMIN could remove both, so the table is owned by a
// connection of the shim's.
package guard

import (
	"net/netip"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Facts are what a guard is made of.
type Facts struct {
	// Known are indexes of interfaces that have walls, or need none: loopback, and
	// those that send by others.
	Known []int
	// Neighbours says that neighbours are bounded too. Where a process has
	// CAP_NET_ADMIN or CAP_NET_RAW it can make their entries in other ways.
	Neighbours bool
	Gateways   []netip.Addr
	// Raw says that packet sockets are closed out too, where the kernel can. It is
	// for containers without CAP_NET_ADMIN: of these nobody lists the rules, which
	// nft before 1.1.5 cannot read (it asks again without end).
	Raw bool
}

// The guard's tables have a name that an installation inside the container
// does not use.
const name = "bulkhead-guard"

var (
	packets = nft.Table{Family: nft.Inet, Name: name}
	frames  = nft.Table{Family: nft.NetDev, Name: name}
)

func known(t nft.Table) nft.Indexes { return nft.Indexes{Table: t, Name: "known"} }

// Counters of what was dropped.
const closed, crowd = "closed", "neighbours"

// priority is before all that others have at these hooks.
const priority = -450

// Plan is a guard as it is raised on this kernel where there is none.
func Plan(f Facts) nft.Script {
	as := Ownerships()[0]
	all := plan(f, as)
	if f.Raw && ClosesRaw(running()) {
		all = append(all, raw(f, as)...)
	}
	return all
}

// plan is for what the kernel sends and receives for the namespace.
func plan(f Facts, o nft.Ownership) nft.Script {
	in := []nft.Rule{{nft.ByInterface.NotIn("known"), nft.Count(closed), nft.Drop()}}
	out := []nft.Rule{{nft.ToInterface.NotIn("known"), nft.Count(closed), nft.Drop()}}
	all := nft.Script{packets.AddAs(o), packets.AddCounter(closed), known(packets).Add()}
	if f.Neighbours {
		all = append(all, packets.AddCounter(crowd))
		all = append(all, sets()...)
		in, out = append(in, answers()...), append(out, questions()...)
	}
	all = append(all, packets.AddHook("in", nft.Hook{Name: "prerouting", Priority: priority}), packets.AddHook("out", nft.Hook{Name: "postrouting", Priority: priority}))
	for _, r := range in {
		all = append(all, packets.AddRule("in", r))
	}
	for _, r := range out {
		all = append(all, packets.AddRule("out", r))
	}
	return append(all, elements(packets, f)...)
}

// raw is for what packet sockets send past all that, on kernels that have a hook
// for interfaces that are not there yet.
func raw(f Facts, o nft.Ownership) nft.Script {
	all := nft.Script{
		frames.AddAs(o), frames.AddCounter(closed), known(frames).Add(),
		frames.AddHook("in", nft.Hook{Name: "ingress", Priority: priority, Everywhere: true}),
		frames.AddHook("out", nft.Hook{Name: "egress", Priority: priority, Everywhere: true}),
		frames.AddRule("in", nft.Rule{nft.ByInterface.NotIn("known"), nft.Count(closed), nft.Drop()}),
		frames.AddRule("out", nft.Rule{nft.ToInterface.NotIn("known"), nft.Count(closed), nft.Drop()}),
	}
	return append(all, elements(frames, f)...)
}

// elements are what changes while a guard stands.
func elements(t nft.Table, f Facts) (all nft.Script) {
	if len(f.Known) > 0 {
		all = append(all, known(t).Put(f.Known...))
	}
	if t == packets && f.Neighbours {
		for _, six := range []bool{false, true} {
			if some := ofVersion(f.Gateways, six); len(some) > 0 {
				all = append(all, gateways(six).Put("", some...))
			}
		}
	}
	return all
}

func ofVersion(addresses []netip.Addr, six bool) (some []nft.Value) {
	for _, a := range addresses {
		if a.Is6() == six {
			some = append(some, nft.Address(a))
		}
	}
	return some
}

// How many neighbours a container may wait for at a time, of each version of IP,
// and how long one counts that does not answer: longer than the kernel asks for
// it (3 s), after which its entry makes way for others. One that was heard has a
// place apart.
const (
	asked     = 64
	askedFor  = 10 * time.Second
	heard     = 4096
	heardSpan = time.Minute
)

func gateways(six bool) nft.SetOf { return set("gateways", six) }

func set(of string, six bool) nft.SetOf {
	if six {
		return nft.SetOf{Table: packets, Name: of + "6", Key: nft.IPv6}
	}
	return nft.SetOf{Table: packets, Name: of + "4"}
}

func sets() (all nft.Script) {
	for _, six := range []bool{false, true} {
		all = append(all, gateways(six).Add(), set("asked", six).AddRecent(asked, askedFor), set("heard", six).AddRecent(heard, heardSpan))
	}
	return all
}

// answers keep who was heard: of those that were asked, and who sends
// datagrams, to which nothing but the answer shows that it is one. What only
// follows in a connection comes first, as there is most of it.
func answers() []nft.Rule {
	return []nft.Rule{
		{nft.Following(), nft.Accept()},
		{nft.Source4.In("asked4"), nft.Source4.PutInto("heard4"), nft.Source4.TakeFrom("asked4")},
		{nft.Transport.Is(nft.UDP), nft.Source4.PutInto("heard4"), nft.Accept()},
		{nft.Source6.In("asked6"), nft.Source6.PutInto("heard6"), nft.Source6.TakeFrom("asked6")},
		{nft.Transport.Is(nft.UDP), nft.Source6.PutInto("heard6")},
	}
}

// questions bound who is asked. The hook comes before the kernel looks for the
// neighbour. What only follows a packet of the other's is none, and neither is
// what the kernel says for itself by ICMP.
func questions() []nft.Rule {
	return []nft.Rule{
		{nft.NotOpening(), nft.Accept()},
		{nft.NextHop4.In("heard4"), nft.Accept()},
		{nft.NextHop4.In("gateways4"), nft.Accept()},
		{nft.ToInterface.Is(nft.Loopback), nft.Accept()},
		{nft.NextHop6.In("heard6"), nft.Accept()},
		{nft.NextHop6.In("gateways6"), nft.Accept()},
		{nft.ICMP4Type.Not(nft.EchoRequest4), nft.Accept()},
		{nft.ICMP6Type.Not(nft.EchoRequest6), nft.Accept()},
		{nft.NextHop4.PutInto("asked4"), nft.Accept()},
		{nft.NextHop6.PutInto("asked6"), nft.Accept()},
		{nft.Count(crowd), nft.Drop()},
	}
}
