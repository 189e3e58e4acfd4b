package integration

import (
	"os"
	"sync"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// onNewestEngine runs a test on the newest engine only: what the kernel does for
// a tenant is the same below each.
func onNewestEngine(t *testing.T, p node.Policy, test func(*stage)) {
	n := nodes[len(nodes)-1]
	t.Run(n.Engine.Name, func(t *testing.T) {
		s := newStage(t, n)
		s.apply(p)
		test(s)
	})
}

// many is so many containers, and an eighth in the VM, whose CPUs are emulated:
// a start takes twenty times as long there.
func many(count int) int {
	if os.Getenv("BULKHEAD_TEST_VM") != "" {
		return max(count/8, 4)
	}
	return count
}

// startAll starts containers at once. One that did not start is nil, beside its
// error.
func (s *stage) startAll(runs []node.Run) ([]*container, []error) {
	s.Helper()
	for _, r := range runs { // imported before, not by all of them at once
		_, err := s.node.Image(s.ctx, r.Namespace)
		s.must(err)
	}
	started, errs := make([]*node.Container, len(runs)), make([]error, len(runs))
	var all sync.WaitGroup
	for i, r := range runs {
		all.Go(func() { started[i], errs[i] = s.node.Run(s.ctx, r) })
	}
	all.Wait()
	kept := make([]*container, len(runs))
	for i, c := range started {
		if c != nil {
			kept[i] = s.keep(c)
		}
	}
	return kept, errs
}

// deleteAll deletes containers at once. A failure shows when the test ends.
func (s *stage) deleteAll(containers []*container) {
	var all sync.WaitGroup
	for _, c := range containers {
		if c != nil {
			all.Go(func() { _ = c.Delete(s.ctx) })
		}
	}
	all.Wait()
}

// copies are so many of the same container.
func copies(r node.Run, count int) []node.Run {
	var all []node.Run
	for range count {
		all = append(all, r)
	}
	return all
}
