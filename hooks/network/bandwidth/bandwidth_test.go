package bandwidth

import (
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// node is a network namespace of the test's own, whose thread is not used again.
func node(t testing.TB) *Node {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("makes network namespaces, which needs root")
	}
	goruntime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	n, err := Here()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// plug adds an interface, whose other end stands for a container's.
func plug(t testing.TB, n *Node, name string) facts.Interface {
	t.Helper()
	a := netlink.NewLinkAttrs()
	a.Name = name
	if err := n.handle.LinkAdd(&netlink.Veth{LinkAttrs: a, PeerName: "in-" + name}); err != nil {
		t.Fatal(err)
	}
	l, err := n.handle.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return facts.Interface{Inside: "in-" + name, Host: name, HostIndex: l.Attrs().Index, MTU: l.Attrs().MTU}
}

func acme() shape.Family {
	return shape.Family{Tenants: []shape.Tenant{{Name: "acme", Limits: shape.Limits{Egress: 1e6, Ingress: 1e6}}}}
}

func TestWhatIsBoundIsFoundAndTakenAway(t *testing.T) {
	n := node(t)
	leaves := []Leaf{
		{Number: 1, Tenant: "acme", Interfaces: []facts.Interface{plug(t, n, "veth0")}, New: true},
		{Number: 2, Tenant: "acme", Interfaces: []facts.Interface{plug(t, n, "veth1"), {Inside: "macvlan0"}}, New: true},
	}
	for range 2 { // twice is as once
		if err := n.Bound(acme(), leaves); err != nil {
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

	if err := n.Release("", first); err != nil {
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
		if err := n.Release("", second); err != nil {
			t.Fatal(err)
		}
	}
	expect(nil)
	if chains, err := divert.Read(""); err != nil || chains != nil {
		t.Errorf("chains %v: %v", chains, err)
	}
}

// What a leaf that joins makes leads nowhere until its rules are run.
func TestOthersStayWhenALeafJoins(t *testing.T) {
	n := node(t)
	first := Leaf{Number: 1, Tenant: "acme", Interfaces: []facts.Interface{plug(t, n, "veth0")}, New: true}
	if err := n.Bound(acme(), []Leaf{first}); err != nil {
		t.Fatal(err)
	}
	second := Leaf{Number: 2, Tenant: "acme", Interfaces: []facts.Interface{plug(t, n, "veth1")}, New: true}
	rules, err := n.Join(acme(), []Leaf{second})
	if err != nil {
		t.Fatal(err)
	}
	chains := func(want ...divert.Chain) {
		t.Helper()
		got, err := divert.Read("")
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("chains %v, want %v: %v", got, want, err)
		}
	}
	chains("down-veth0", "up-veth0")
	if err := rules.Run(); err != nil {
		t.Fatal(err)
	}
	chains("down-veth0", "down-veth1", "up-veth0", "up-veth1")
	numbers, err := n.Numbers("", "acme")
	if slices.Sort(numbers); err != nil || !slices.Equal(numbers, []uint16{1, 2}) {
		t.Errorf("numbers %v: %v", numbers, err)
	}
}

func TestNobodyIsBoundWithoutALimit(t *testing.T) {
	n := node(t)
	f := shape.Family{Tenants: []shape.Tenant{{Name: "acme"}}}
	if err := n.Bound(f, []Leaf{{Number: 1, Tenant: "acme", Interfaces: []facts.Interface{plug(t, n, "veth0")}, New: true}}); err != nil {
		t.Fatal(err)
	}
	if links, err := n.handle.LinkList(); err != nil || len(links) != 3 { // lo, both ends
		t.Errorf("%d interfaces: %v", len(links), err)
	}
}

// BenchmarkJoin is what a bounded tenant's further container takes longer.
func BenchmarkJoin(b *testing.B) {
	n := node(b)
	join := func(l Leaf) {
		rules, err := n.Join(acme(), []Leaf{l})
		if err == nil {
			err = rules.Run()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	join(Leaf{Number: 1, Tenant: "acme", Interfaces: []facts.Interface{plug(b, n, "veth0")}, New: true})
	second := Leaf{Number: 2, Tenant: "acme", Interfaces: []facts.Interface{plug(b, n, "veth1")}, New: true}
	for b.Loop() {
		join(second)
		b.StopTimer()
		if err := n.Release("", Known{"acme", 2, []string{"veth1"}}); err != nil {
			b.Fatal(fmt.Errorf("release: %w", err))
		}
		b.StartTimer()
	}
}
