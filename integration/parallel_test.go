package integration

import (
	"sync"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestTwentyStartsInTwoTenantsAtOnce(t *testing.T) {
	const count = 20
	onEachEngine(t, pair, func(s *stage) {
		for _, name := range []string{"acme", "globex"} {
			_, err := s.node.Image(s.ctx, s.node.Namespace(name))
			s.must(err)
		}
		started, errs := make([]*node.Container, count), make([]error, count)
		var all sync.WaitGroup
		for i := range count {
			r := s.sleeper([]string{"acme", "globex"}[i%2])
			all.Go(func() { started[i], errs[i] = s.node.Run(s.ctx, r) })
		}
		all.Wait()
		for i, c := range started {
			if errs[i] != nil {
				s.Errorf("start %d: %v", i, errs[i])
				continue
			}
			want := []int64{128 << 20, 64 << 20}[i%2]
			if got := s.read(host.MemoryLimit, s.keep(c), 1); got != want {
				s.Errorf("start %d: its tenant's memory is %d, want %d", i, got, want)
			}
		}
		for _, c := range started { // and twenty deletes
			if c != nil {
				all.Go(func() { _ = c.Delete(s.ctx) }) // a failure shows when the test ends
			}
		}
		all.Wait()
		s.clean()
	})
}
