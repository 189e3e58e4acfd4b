package integration

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// manyPatience bounds the one test that takes minutes.
const manyPatience = 8 * time.Minute

// Five hundred containers, all of which get other limits of their own by one
// apply, and a probe that is executed in one of them every second meanwhile, as
// a kubelet does.
func TestFiveHundredRunningContainersGetNewLimits(t *testing.T) {
	if os.Getenv("BULKHEAD_TEST_VM") != "" {
		t.Skip("starting them takes a quarter of an hour in an emulated machine")
	}
	const count = 500
	modern := nodes[len(nodes)-1]
	s := newStage(t, modern)
	ctx, cancel := context.WithTimeout(context.Background(), manyPatience)
	defer cancel()
	s.ctx = ctx
	s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 8Gi, pids: 20000}"}})
	all := s.startMany(s.sleeper("acme"), count)
	probes := s.probing(all[0])

	const mi = 1 << 20
	for _, step := range []struct {
		spec string
		want limits
	}{
		{`limits: {memory: 6Gi, cpu: "2", pids: 10000}`, limits{6144 * mi, 10000, 2000}},
		{`limits: {memory: 6Gi, cpu: "2", pids: 10000}
container: {max: {memory: 64Mi, cpu: 500m, pids: 50}}`, limits{64 * mi, 50, 500}},
	} {
		begin := time.Now()
		held := s.until(all[count-1], step.want)
		s.apply(node.Policy{Tenants: map[string]string{"acme": step.spec}})
		took := time.Since(begin)
		s.Logf("%d containers: the last had its limits after %v, apply took %v, delegates included", count, (<-held).Sub(begin), took)
		for _, c := range all {
			if got := s.limitsOf(c, 0); got != step.want {
				s.Fatalf("%s has %+v, want %+v", c.ID, got, step.want)
			}
		}
	}
	if done, failed := probes(); failed > 0 || done == 0 {
		s.Errorf("%d of %d probes failed", failed, done)
	}
}

// startMany starts containers, four at a time, and deletes them when the test
// ends as many at a time.
func (s *stage) startMany(r node.Run, count int) []*container {
	s.Helper()
	all := make([]*container, count)
	_, err := s.node.Image(s.ctx, r.Namespace)
	s.must(err)
	four := func(do func(i int) error) {
		s.Helper()
		var next atomic.Int64
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
					if err := do(i); err != nil {
						s.Error(err)
						return
					}
				}
			})
		}
		workers.Wait()
	}
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), manyPatience)
		defer cancel()
		four(func(i int) error {
			if all[i] == nil {
				return nil
			}
			return all[i].Delete(ctx)
		})
	})
	four(func(i int) error {
		c, err := s.node.Run(s.ctx, r)
		if err == nil {
			all[i] = &container{s, c}
		}
		return err
	})
	if s.Failed() {
		s.FailNow()
	}
	return all
}

// probing executes a process in a container every second, until the function
// that it returns is called.
func (s *stage) probing(c *container) (end func() (done, failed int)) {
	ctx, stop := context.WithCancel(s.ctx)
	var ended sync.WaitGroup
	var done, failed int
	ended.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			p, err := c.Exec(s.ctx, node.Run{Args: []string{"true"}}, nil)
			if err == nil {
				var code int
				if code, err = p.Wait(s.ctx); err == nil {
					err = p.Remove(s.ctx)
				}
				if code != 0 {
					failed++
				}
			}
			if done++; err != nil {
				s.Errorf("probe: %v", err)
				failed++
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() (int, int) {
		stop()
		ended.Wait()
		return done, failed
	}
}

// until tells when a container had these limits.
func (s *stage) until(c *container, want limits) <-chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		err := node.Await(s.ctx, func() bool {
			pids, err := host.PidsLimit.ReadInt(c.Pid(), 0)
			return err == nil && pids == want.pids
		})
		if err != nil {
			s.Error(err)
		}
		at <- time.Now()
	}()
	return at
}
