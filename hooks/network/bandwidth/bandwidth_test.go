package bandwidth

import (
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// node is a network namespace of the test's own, whose thread is not used again,
// and the path of another that stands for a container's.
func node(t testing.TB) (*Node, string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("makes network namespaces, which needs root")
	}
	container := make(chan string)
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	go func() {
		goruntime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error(err)
		}
		container <- fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		<-end
	}()
	path := <-container
	goruntime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	n, err := Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, path
}

// plug adds an interface of a container with its other end here.
func plug(t testing.TB, n *Node, container, name, inside string, mtu int) {
	t.Helper()
	c, err := os.Open(container)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a := netlink.NewLinkAttrs()
	a.Name, a.MTU = name, mtu
	if err := n.handle.LinkAdd(&netlink.Veth{LinkAttrs: a, PeerName: inside, PeerNamespace: netlink.NsFd(c.Fd()), PeerMTU: uint32(mtu)}); err != nil {
		t.Fatal(err)
	}
}

func TestEndsAreThoseOfTheContainersInterfaces(t *testing.T) {
	n, container := node(t)
	plug(t, n, container, "veth0", "eth0", 1500)
	plug(t, n, container, "veth1", "eth1", 9000)
	plug(t, n, "/proc/thread-self/ns/net", "veth2", "veth3", 1500) // of nobody
	ends, outside, err := n.Ends(container)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range ends {
		got = append(got, fmt.Sprint(e.Name, " ", e.MTU))
	}
	if want := []string{"veth0 1500", "veth1 9000"}; !slices.Equal(got, want) || outside != nil {
		t.Errorf("ends %v, outside %v, want %v", got, outside, want)
	}
}

func TestAnInterfaceWithoutAnEndHereIsOutside(t *testing.T) {
	n, container := node(t)
	c, err := Open(container)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	add := func(l netlink.Link) {
		t.Helper()
		if err := c.handle.LinkAdd(l); err != nil {
			t.Fatal(err)
		}
		if err := c.handle.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
	add(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0", TxQLen: -1}})
	add(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "inner0", TxQLen: -1}, PeerName: "inner1"})
	ends, outside, err := n.Ends(container)
	if want := []string{"br0", "inner0"}; err != nil || ends != nil || !slices.Equal(slices.Sorted(slices.Values(outside)), want) {
		t.Errorf("ends %v, outside %v, want %v: %v", ends, outside, want, err)
	}
}

func TestWhatIsBoundIsFoundAndTakenAway(t *testing.T) {
	n, container := node(t)
	plug(t, n, container, "veth0", "eth0", 1500)
	plug(t, n, container, "veth1", "eth1", 1500)
	ends, _, err := n.Ends(container)
	if err != nil {
		t.Fatal(err)
	}
	f := shape.Family{Tenants: []shape.Tenant{{Name: "acme", Limits: shape.Limits{Egress: 1e6, Ingress: 1e6}}}}
	leaves := []Leaf{{Number: 1, Tenant: "acme", Ends: ends[:1], New: true}, {Number: 2, Tenant: "acme", Ends: ends[1:], New: true}}
	for range 2 { // twice is as once
		if err := n.Bound(f, leaves, false); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(known []Known, want ...string) {
		t.Helper()
		left, err := n.Left("", known)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range left {
			got = append(got, l.String())
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("left %q, want %q", got, want)
		}
	}
	first, second := Known{"acme", 1, []string{"veth0"}}, Known{"acme", 2, []string{"veth1"}}
	expect([]Known{first, second})
	expect([]Known{first}, "of tenant acme, number 2", "rules of interface veth1")
	expect(nil, "of tenant acme, number 1", "of tenant acme, number 2", "rules of interface veth0", "rules of interface veth1")

	if err := n.Release("", "acme", 1, []string{"veth0"}); err != nil {
		t.Fatal(err)
	}
	expect(nil, "of tenant acme, number 2", "rules of interface veth1")
	l, err := n.handle.LinkByName("veth1")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.handle.LinkDel(l); err != nil { // the engine is faster
		t.Fatal(err)
	}
	for range 2 {
		if err := n.Release("", "acme", 2, []string{"veth1"}); err != nil {
			t.Fatal(err)
		}
	}
	expect(nil)
	if chains, err := n.chains(""); err != nil || chains != nil {
		t.Errorf("chains %v: %v", chains, err)
	}
}

func TestNobodyIsBoundWithoutALimit(t *testing.T) {
	n, container := node(t)
	plug(t, n, container, "veth0", "eth0", 1500)
	ends, _, err := n.Ends(container)
	if err != nil {
		t.Fatal(err)
	}
	f := shape.Family{Tenants: []shape.Tenant{{Name: "acme"}}}
	if err := n.Bound(f, []Leaf{{Number: 1, Tenant: "acme", Ends: ends, New: true}}, false); err != nil {
		t.Fatal(err)
	}
	if links, err := n.handle.LinkList(); err != nil || len(links) != 2 { // lo, veth0
		t.Errorf("%d interfaces: %v", len(links), err)
	}
}

// BenchmarkStart is what a bounded tenant's further container takes longer: to
// find its interfaces' ends, to plan and to apply.
func BenchmarkStart(b *testing.B) {
	n, container := node(b)
	plug(b, n, container, "veth0", "eth0", 1500)
	plug(b, n, container, "veth1", "eth1", 1500)
	f := shape.Family{Tenants: []shape.Tenant{{Name: "acme", Limits: shape.Limits{Egress: 1e6, Ingress: 1e6}}}}
	bound := func(number uint16, which int) {
		ends, _, err := n.Ends(container)
		if err != nil {
			b.Fatal(err)
		}
		if err := n.Bound(f, []Leaf{{Number: number, Tenant: "acme", Ends: ends[which : which+1], New: true}}, true); err != nil {
			b.Fatal(err)
		}
	}
	bound(1, 0)
	for b.Loop() {
		bound(2, 1)
		b.StopTimer()
		if err := n.Release("", "acme", 2, []string{"veth1"}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
