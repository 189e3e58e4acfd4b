package integration

import (
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Each container asks for other limits, so that no two sums are equal.
func TestAccountIsRightAfterManyStartsAtOnceAndKilledShims(t *testing.T) {
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"research": "", "acme": "parent: research", "globex": ""}}, func(s *stage) {
		var runs []node.Run
		var parts []runtime.Account
		for i := range int64(many(50)) {
			a := runtime.Account{Containers: 1, CPUMilli: 10 * (i + 1), MemoryBytes: (32 + i) << 20, Pids: 20 + i}
			r := s.sleeper("acme")
			r.Spec = append(memoryLimit(uint64(a.MemoryBytes>>20)), cpuQuota(a.CPUMilli*100, 100_000), oci.WithPidsLimit(a.Pids))
			runs, parts = append(runs, r), append(parts, a)
		}
		s.start(s.sleeper("globex"))
		all, errs := s.startAll(runs)
		for i, err := range errs {
			if err != nil {
				s.Fatalf("start %d: %v", i, err)
			}
		}
		s.expectAccount("all started", sum(parts))

		var alive []runtime.Account
		for i, c := range all {
			if i%3 > 0 {
				alive = append(alive, parts[i])
				continue
			}
			s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		}
		s.expectAccount("a third of the shims was killed", sum(alive))
		for i, c := range all {
			if got, want := host.Alive(c.Pid()), i%3 > 0; got != want {
				s.Errorf("container %d lives: %v, want %v", i, got, want)
			}
		}
		s.deleteAll(all)
		s.expectAccount("all are deleted", runtime.Account{})
	})
}

// expectAccount waits until acme's account, which is its parent's too, is this:
// containerd takes a moment to see that a shim is gone.
func (s *stage) expectAccount(what string, want runtime.Account) {
	s.Helper()
	var acme, research runtime.Account
	err := node.Await(s.ctx, func() bool {
		records, err := record.List(s.node.Root())
		s.must(err)
		acme, research = runtime.AccountOf(records, "acme"), runtime.AccountOf(records, "research")
		return acme == want && research == want
	})
	if err != nil {
		s.Errorf("%s: acme's account is %+v and its parent's %+v, want %+v", what, acme, research, want)
	}
}

func sum(parts []runtime.Account) (all runtime.Account) {
	for _, a := range parts {
		all.Containers += a.Containers
		all.CPUMilli += a.CPUMilli
		all.MemoryBytes += a.MemoryBytes
		all.Pids += a.Pids
	}
	return all
}
