package isolator

import (
	"math"
	"testing"
)

func TestBandwidthOfIsExactAndTakenByTheKernel(t *testing.T) {
	for _, milli := range []int64{1, 2, 3, 7, 10, 333, 999, 1000, 1001, 2500, 4000, 1000 * maxCPUs, math.MaxInt64} {
		for _, period := range []uint64{0, 1, 999, 1000, 1001, 1500, 33333, 100000, 999999, 1000000, 1000001, math.MaxUint64} {
			b := bandwidthOf(milli, period)
			if b.quota < minQuota || b.period < minPeriod || b.period > maxPeriod {
				t.Errorf("bandwidthOf(%d, %d) is %s, which the kernel refuses", milli, period, b)
			}
			most := bandwidth{min(milli, 1000*maxCPUs), 1000}
			if !b.within(most) || !most.within(b) {
				t.Errorf("bandwidthOf(%d, %d) is %s, want exactly %d thousandths", milli, period, b, milli)
			}
		}
	}
}

func TestBandwidthWithin(t *testing.T) {
	for _, c := range []struct {
		a, b bandwidth
		want bool
	}{
		{bandwidth{50000, 100000}, bandwidth{1000, 2000}, true},
		{bandwidth{50001, 100000}, bandwidth{1000, 2000}, false},
		{bandwidth{50000, 0}, bandwidth{50000, 100000}, true},             // no period is the kernel's own
		{bandwidth{0, 1000}, bandwidth{math.MaxInt64, 1}, false},          // no quota is more than any
		{bandwidth{-1, 1000}, bandwidth{-5, 1}, true},                     // but not than another
		{bandwidth{math.MaxInt64, 1}, bandwidth{1, 1000}, false},          // products beyond 64 bits
		{bandwidth{1, math.MaxUint64}, bandwidth{math.MaxInt64, 1}, true}, // also of the period
	} {
		if got := c.a.within(c.b); got != c.want {
			t.Errorf("%v within %v is %v", c.a, c.b, got)
		}
	}
}
