package integration

import (
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// priorities are acme's, beside globex whose priority is Normal.
func priorities(of string) node.Policy {
	return node.Policy{Tenants: map[string]string{"acme": "priority: " + of, "globex": ""}}
}

func TestIdleTenantHasWhatNobodyElseWants(t *testing.T) {
	onNewestEngine(t, priorities("Normal"), func(s *stage) {
		s.unhurried()
		acme, globex := s.start(s.looping("acme")), s.start(s.looping("globex"))
		s.expectSplit("Normal beside Normal", []float64{50, 50}, acme, globex)

		s.apply(priorities("Idle"))
		beside := s.expect("Idle beside Normal, applied while they ran", func(windows time.Duration) (node.Split, bool) {
			got := s.measure(windows, 1, acme, globex)
			return got, got.Percent[0] < 5
		})
		s.without(globex, func() {
			s.expect("Idle alone", func(windows time.Duration) (node.Split, bool) {
				got := s.measure(windows, 1, acme, globex)
				return got, got.Rate[0] > 10*beside.Rate[0]
			})
		})

		s.apply(priorities("Normal"))
		s.expectSplit("Normal again", []float64{50, 50}, acme, globex)
	})
}

func TestIdleTenantIsKilledFirstForMemory(t *testing.T) {
	const first = 1000 // proc(5): the most
	onNewestEngine(t, priorities("Normal"), func(s *stage) {
		score := func(p *node.Process) int {
			n, err := host.OOMScoreAdj(p.Pid())
			s.must(err)
			return n
		}
		before := s.start(s.sleeper("acme"))
		normal := score(before.Process)
		if normal >= first || normal < 0 {
			s.Fatalf("a container of a Normal tenant has %d, want 0 to 999", normal)
		}
		s.apply(priorities("Idle"))
		after, neighbour := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		for _, of := range []struct {
			what string
			*node.Process
			want int
		}{
			{"a container of an Idle tenant", after.Process, first},
			{"a further process in it", after.exec(nil, "sleep", "600"), first},
			{"a container that ran before", before.Process, normal},
			{"a container of its neighbour", neighbour.Process, normal},
		} {
			if got := score(of.Process); got != of.want {
				s.Errorf("%s has %d, want %d", of.what, got, of.want)
			}
		}
	})
}
