package node

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

// daemons are the programs of a node itself.
var daemons = []string{"containerd", "dockerd", "etcd", "kube-apiserver", "kubelet"}

// Traces says what the node's containers have on the machine: processes,
// cgroups, mounts, records, the delegate's state, bundles and sockets. With no
// container there must be none.
func (n *Node) Traces() []string { return n.place.traces() }

// Clean waits until nothing of the node's containers is left on the machine but
// what was known before. Its error lists what stayed.
func (n *Node) Clean(ctx context.Context, known []string) error {
	var left []string
	err := Await(ctx, func() bool {
		left = slices.DeleteFunc(n.Traces(), func(t string) bool { return slices.Contains(known, t) })
		return len(left) == 0
	})
	if err != nil {
		return fmt.Errorf("left on the machine:\n  %s", strings.Join(left, "\n  "))
	}
	return nil
}

// Await waits until a condition holds. What the kernel and containerd do after
// their answer (reaping, unmounting) sends no event, so it looks again and
// again, but no more than half of the time: a look at all processes is slow on
// an emulated machine, and what is awaited needs its CPUs.
func Await(ctx context.Context, holds func() bool) error {
	const pause = 10 * time.Millisecond
	for {
		begin := time.Now()
		if holds() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(pause, time.Since(begin))):
		}
	}
}

func (p place) traces() []string {
	found := p.processTraces()
	for _, c := range host.CgroupsNamed(p.installed) {
		found = append(found, "cgroup "+c)
	}
	// A stock runc leaves the parent of its containers' cgroups.
	for _, c := range host.CgroupsNamed(p.namespaced) {
		if p.namespaced(filepath.Base(filepath.Dir(c))) {
			found = append(found, "cgroup "+c)
		}
	}
	for _, m := range host.MountsBelow(string(p)) {
		found = append(found, "mount "+m)
	}
	for _, s := range p.shimSockets() {
		found = append(found, "socket "+s)
	}
	return slices.Concat(found,
		matches("record", string(p.root().Containers())+"/*/*"),
		matches("network", p.root().Networks()+"/*"),
		matches("delegate state", string(p.root().DelegateState())+"/*/*"),
		matches("delegate state", p.root().SandboxState()+"/*/*"),
		matches("delegate state", "/run/containerd/runc/"+p.name()+"-*/*"),
		matches("bundle", p.path("state/io.containerd.runtime.v2.task/*/*")),
	)
}

func (p place) processTraces() []string {
	pids := host.WithVariable(p.variable())
	pids = append(pids, host.InCgroups(p.ownCgroup)...)
	slices.Sort(pids)
	var found []string
	for _, pid := range slices.Compact(pids) {
		if !host.Alive(pid) || slices.Contains(daemons, filepath.Base(host.Program(pid))) {
			continue
		}
		found = append(found, fmt.Sprintf("process %d %s", pid, host.Command(pid)))
	}
	return found
}
