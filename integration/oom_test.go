package integration

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestOutOfMemoryIsReportedForTheContainerThatWasHit(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi}\ncontainer: {max: {memory: 64Mi}}"}}
	onEachEngine(t, p, func(s *stage) {
		s.expectOOM(s.prober("acme", "memory", "128"), s.sleeper("acme"))
	})
}

// On cgroup v1 the kernel tells every container below the tenant's cgroup that
// the tenant is out of memory.
func TestOutOfMemoryOfTheTenantIsReportedForOneContainer(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 64Mi}"}}, func(s *stage) {
		s.expectOOM(s.prober("acme", "memory", "128"), s.sleeper("acme"))
	})
}

// expectOOM expects that a container is killed for its memory and reported, and
// that its sibling is neither.
func (s *stage) expectOOM(greedy, modest node.Run) {
	s.Helper()
	events, err := s.node.Listen(s.ctx, greedy.Namespace)
	s.must(err)
	defer events.Stop()
	sibling := s.start(modest)
	victim := s.start(greedy)
	if code := victim.wait(); code != 128+9 {
		s.Errorf("the container ended with %d, want 137; it printed %s", code, victim.Stdout)
	}
	s.event(events, victim, "/tasks/oom", 1)
	if !host.Alive(sibling.Pid()) {
		s.Error("the sibling ended")
	}
	// What a shim still held back about the sibling comes before its exit.
	s.must(sibling.Kill(s.ctx, syscall.SIGKILL))
	s.event(events, sibling, "/tasks/exit", 1)
	if got := events.Of(sibling.ID); slices.Contains(got, "/tasks/oom") {
		s.Errorf("the sibling's events are %v; want no out of memory", got)
	}
}

// What Bulkhead keeps from an engine: under a common limit the stock shim calls
// every container out of memory.
func TestStockShimReportsOutOfMemoryForTheSiblingOnCgroupV1(t *testing.T) {
	if host.V2() {
		t.Skip("cgroup v2 counts by container")
	}
	onEachEngine(t, acme, func(s *stage) {
		events, err := s.node.Listen(s.ctx, s.node.Namespace("acme"))
		s.must(err)
		defer events.Stop()
		sibling := s.start(stock(s.sleeper("acme")))
		leaf, err := host.CgroupDir(sibling.Pid(), "memory")
		s.must(err)
		limit := filepath.Join(filepath.Dir(leaf), host.MemoryLimit.V1)
		s.must(os.WriteFile(limit, []byte("67108864"), 0))
		s.Cleanup(func() { s.must(os.WriteFile(limit, []byte("-1"), 0)) })
		// Not the victim's: containerd 1.6 loses it when the container ends first.
		s.start(stock(s.prober("acme", "memory", "128")))
		s.event(events, sibling, "/tasks/oom", 1)
	})
}
