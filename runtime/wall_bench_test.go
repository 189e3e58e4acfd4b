package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// ownNetwork says that this process has a network namespace of the benchmark's.
const ownNetwork = "BULKHEAD_BENCH_NETWORK"

// BenchmarkWall is what walls add to a start: from reading what a container is
// plugged into until they stand, with the lock, the record, the kernel's
// answer, and the guard inside. Others of the tenant and of another have theirs already. It runs in a
// process of its own, whose network namespace takes the walls.
func BenchmarkWall(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root: makes network namespaces")
	}
	if os.Getenv(ownNetwork) == "" {
		cmd := exec.Command("/proc/self/exe", slices.Concat(os.Args[1:], []string{"-test.run=^$", "-test.bench=^BenchmarkWall$"})...)
		cmd.Env = append(os.Environ(), ownNetwork+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		fmt.Printf("%s", out)
		b.Skip("ran in a network namespace of its own")
	}
	const tenants = 2
	root, docker := tenant.Root(tmpfs(b)), tmpfs(b)
	applyTenants(b, root, docker, tenants)
	rt := New(root, Execute)
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "walls0"}}
	if err := errors.Join(netlink.LinkAdd(bridge), netlink.LinkSetUp(bridge)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := netlink.LinkDel(bridge); err != nil {
			b.Error(err)
		}
	})
	w := wallBench{b, rt, docker, bridge}
	for i := range 20 {
		w.start(i%tenants, i)
	}
	var times []time.Duration
	for b.Loop() {
		took, end := w.start(0, 100)
		times = append(times, took)
		end()
	}
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms/start")
}

type wallBench struct {
	*testing.B
	rt     *Runtime
	docker string
	bridge netlink.Link
}

// start makes a container with an interface, and says how long its walls took.
func (w wallBench) start(tenant, number int) (took time.Duration, end func()) {
	w.Helper()
	name := fmt.Sprintf("tenant-%d", tenant)
	c := Caller{Namespace: name, ID: fmt.Sprintf("c%d", number)}
	c.Bundle = dockerBundle(w.B, w.docker, name, c.ID)
	process := exec.Command("sleep", "120")
	process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	a, err := w.rt.Create(context.Background(), c, new(isolator.Request))
	w.must(err)
	w.must(process.Start())
	host := w.plug(process.Process.Pid, number)
	w.must(a.Started(context.Background(), process.Process.Pid))
	begin := time.Now()
	watch, err := w.rt.Watch(c)
	w.must(err)
	took = time.Since(begin)
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		// The kernel takes a namespace apart later, and its interfaces with it.
		w.must(errors.Join(watch.End(), a.Undo(), netlink.LinkDel(host), process.Process.Kill(), os.RemoveAll(c.Bundle)))
		_ = process.Wait() // killed
	}
	w.Cleanup(end)
	return took, end
}

func (w wallBench) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// plug gives a process an interface on the bridge, and returns its end here.
func (w wallBench) plug(pid, number int) netlink.Link {
	w.Helper()
	end := fmt.Sprintf("bench-%d", number)
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: end, MasterIndex: w.bridge.Attrs().Index}, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
	w.must(netlink.LinkAdd(veth))
	host, err := netlink.LinkByName(end)
	w.must(err)
	w.must(netlink.LinkSetUp(host))
	ns, err := netns.GetFromPid(pid)
	w.must(err)
	defer ns.Close()
	inside, err := netlink.NewHandleAt(ns)
	w.must(err)
	defer inside.Close()
	eth0, err := inside.LinkByName("eth0")
	w.must(err)
	address, err := netlink.ParseAddr(fmt.Sprintf("10.91.0.%d/24", number+2))
	w.must(err)
	w.must(errors.Join(inside.AddrAdd(eth0, address), inside.LinkSetUp(eth0)))
	return host
}
