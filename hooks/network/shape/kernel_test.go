package shape

import (
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// newNetwork moves the test to a network namespace of its own. Its thread is not
// used again, so that the namespace goes with it.
func newNetwork(t testing.TB) *netlink.Handle {
	if os.Getuid() != 0 {
		t.Skip("makes interfaces, which needs root")
	}
	goruntime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func apply(t *testing.T, h *netlink.Handle, steps []Step) {
	t.Helper()
	if err := Apply(h, steps); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, h *netlink.Handle, want Tree) {
	t.Helper()
	got, err := Read(h, family("acme", Limits{}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, unexported); d != "" {
		t.Errorf("the kernel has (-want +got):\n%s", d)
	}
}

func family(name string, l Limits, leaves ...Leaf) Family {
	return Family{Tenants: []Tenant{{Name: name, Limits: l}}, Leaves: leaves}
}

func tree(t *testing.T, f Family) Tree {
	t.Helper()
	tree, err := f.Tree(Tree{})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

var unexported = cmp.AllowUnexported(Tree{}, node{}, queue{})

// What is planned is what the kernel then has.
func TestKernelHasWhatWasPlanned(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			h := newNetwork(t)
			first := Change(Tree{}, f.have)
			apply(t, h, first.Grow)
			expect(t, h, f.have)
			p := Change(f.have, f.want)
			apply(t, h, p.Grow)
			apply(t, h, p.Shrink)
			expect(t, h, f.want)
		})
	}
}

// The lines that are printed are what ip and tc understand, and mean the same.
func TestLinesMeanWhatIsApplied(t *testing.T) {
	if _, err := exec.LookPath("tc"); err != nil {
		t.Skip("needs tc, of Debian's iproute2")
	}
	for _, f := range fixtures(t) {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			h := newNetwork(t)
			first, then := Change(Tree{}, f.have), Change(f.have, f.want)
			script := lines(slices.Concat(first.Grow, then.Grow, then.Shrink))
			sh := exec.Command("sh", "-e")
			sh.Stdin = strings.NewReader(script)
			if out, err := sh.CombinedOutput(); err != nil || len(out) != 0 {
				t.Fatalf("%v\n%s", err, out)
			}
			got, err := Read(h, family("acme", Limits{}))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(timeless(f.want), timeless(got), unexported); d != "" {
				t.Errorf("by the printed lines (-want +got):\n%s", d)
			}
		})
	}
}

// timeless leaves out times: tc rounds them to a tick less.
func timeless(t Tree) Tree {
	t.classes = slices.Clone(t.classes)
	for i := range t.classes {
		n := &t.classes[i]
		n.burst, n.cburst, n.queue.buffer = 0, 0, 0
	}
	return t
}

// Whoever was killed in the middle leaves something that the next one finishes,
// and that the last one takes away.
func TestHalfOfAPlanIsFinished(t *testing.T) {
	want := tree(t, family("acme", Limits{1e6, 1e6}, Leaf{Number: 7, Tenant: "acme"}))
	steps := Change(Tree{}, want).Grow
	for n := range steps {
		h := newNetwork(t)
		apply(t, h, steps[:n])
		have, err := Read(h, family("acme", Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		apply(t, h, Change(have, want).Grow)
		expect(t, h, want)
		apply(t, h, Change(want, Tree{}).Shrink)
		expect(t, h, Tree{})
	}
}

func TestAnotherInterfaceOfThatNameIsLeftAlone(t *testing.T) {
	h := newNetwork(t)
	l := &netlink.Ifb{LinkAttrs: netlink.LinkAttrs{Name: Device("", "acme"), TxQLen: -1}}
	if err := h.LinkAdd(l); err != nil {
		t.Fatal(err)
	}
	if err := h.LinkSetAlias(l, "somebody's"); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(h, family("acme", Limits{})); err == nil || !strings.Contains(err.Error(), "remove or rename it") {
		t.Errorf("read: %v", err)
	}
}

func TestTenantsAreFoundByTheirDevices(t *testing.T) {
	h := newNetwork(t)
	ours := family("acme", Limits{1e6, 0}, Leaf{Number: 1, Tenant: "acme"})
	other := family("globex", Limits{1e6, 0}, Leaf{Number: 1, Tenant: "globex"})
	other.Installation = "0a1b2c3d"
	for _, f := range []Family{ours, other} {
		apply(t, h, Change(Tree{}, tree(t, f)).Grow)
	}
	for installation, want := range map[string][]string{"": {"acme"}, "0a1b2c3d": {"globex"}, "ffffffff": nil} {
		got, err := Tenants(h, installation)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("installation %q: %v, %v, want %v", installation, got, err, want)
		}
	}
}

// BenchmarkStart is what a tenant's bandwidth adds to the start of its first
// container, and of a further one.
func BenchmarkStart(b *testing.B) {
	h := newNetwork(b)
	for name, already := range map[string][]Leaf{"first": nil, "further": {{Number: 1, Tenant: "acme"}}} {
		b.Run(name, func(b *testing.B) {
			f := family("acme", Limits{1e8, 1e8}, already...)
			change := func() {
				have, err := Read(h, f)
				if err != nil {
					b.Fatal(err)
				}
				want, err := f.Tree(have)
				if err != nil {
					b.Fatal(err)
				}
				p := Change(have, want)
				if err := Apply(h, slices.Concat(p.Grow, p.Shrink)); err != nil {
					b.Fatal(err)
				}
			}
			change()
			for b.Loop() {
				f.Leaves = append(already[:len(already):len(already)], Leaf{Number: 2, Tenant: "acme"})
				change()
				b.StopTimer()
				f.Leaves = already
				change()
				b.StartTimer()
			}
			f.Leaves = nil
			change()
		})
	}
}
