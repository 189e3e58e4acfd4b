package integration

import (
	"testing"
	"time"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestBusyTenantsSplitTheCPUByWeight(t *testing.T) {
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"acme": "weight: 100", "globex": "weight: 300"}}, func(s *stage) {
		s.unhurried()
		acme, globex := s.start(s.looping("acme")), s.start(s.looping("globex"))
		both := s.expectSplit("100 to 300", []float64{25, 75}, acme, globex)
		s.without(globex, func() {
			// It had a fourth. Twice as much already is its neighbour's.
			s.expect("the other is idle", func(windows time.Duration) (node.Split, bool) {
				alone := s.measure(windows, 1, acme, globex)
				return alone, alone.Rate[0] > 2*both.Rate[0] && alone.Percent[1] < 1
			})
		})
		s.apply(node.Policy{Tenants: map[string]string{"acme": "weight: 900", "globex": "weight: 300"}})
		s.expectSplit("900 to 300, applied while they ran", []float64{75, 25}, acme, globex)
	})
}

func TestWeightIsTheTenantsHoweverManyContainersItHas(t *testing.T) {
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}}, func(s *stage) {
		s.unhurried()
		one := s.start(s.looping("acme"))
		others, errs := s.startAll(copies(s.looping("globex"), many(20)))
		for _, err := range errs {
			s.must(err)
		}
		s.expectSplit("1 container and 20", []float64{50, 50}, one, others[0])
		s.deleteAll(append(others, one))
	})
}

// The control: without tenants a container is worth as much as any other.
func TestStockShimSplitsTheCPUByContainers(t *testing.T) {
	const others = 7
	onNewestEngine(t, acme, func(s *stage) {
		s.unhurried()
		all, errs := s.startAll(copies(stock(s.looping("acme")), 1+others))
		for _, err := range errs {
			s.must(err)
		}
		s.expect("1 container and 7 under the stock shim", func(windows time.Duration) (node.Split, bool) {
			got := s.measure(windows, 0, all...)
			return got, got.Percent[0] < 25
		})
		s.deleteAll(all)
	})
}

// What a container asks for among its siblings is its own business; what its
// tenant has is not.
func TestSharesThatAContainerAsksForStayWithinItsTenant(t *testing.T) {
	onNewestEngine(t, node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}}, func(s *stage) {
		s.unhurried()
		greedy := s.looping("acme")
		greedy.Spec = append(greedy.Spec, oci.WithCPUShares(100*1024))
		big, small, neighbour := s.start(greedy), s.start(s.looping("acme")), s.start(s.looping("globex"))
		s.expectSplit("one asks for 100 times the shares", []float64{50, 50}, big, neighbour)
		s.expect("within its tenant", func(windows time.Duration) (node.Split, bool) {
			got := s.measure(windows, 0, big, small)
			return got, got.Percent[0] > 90
		})
	})
}
