package integration

import (
	"sync"
	"testing"
)

var (
	parallel sync.Map // of *testing.T
	taken    sync.Map // what is had, by its name: a *turn
)

// A turn is a test's that has something alone.
type turn struct {
	of   *testing.T
	over chan struct{}
}

// together lets a test run beside others, when those are through that cannot: it has
// an engine of its own, or takes turns at one, and judges no machine's load.
func together(t *testing.T) {
	if _, is := parallel.LoadOrStore(t, true); !is {
		t.Parallel()
	}
}

// eachAtOnce runs parts of a test beside each other, each on its own of what the
// test has many of: starts and ends are waited for more than computed. What
// judges the machine's load runs on one alone, see onNewestEngine.
func eachAtOnce[E any](t *testing.T, all []E, name func(E) string, part func(*testing.T, E)) {
	var parts sync.WaitGroup
	for _, e := range all {
		parts.Go(func() { t.Run(name(e), func(t *testing.T) { part(t, e) }) })
	}
	parts.Wait()
}

// alone waits until no other test has something by its name, until this one ends.
func alone(t *testing.T, name string) {
	for {
		mine := &turn{t, make(chan struct{})}
		has, other := taken.LoadOrStore(name, mine)
		if !other {
			t.Cleanup(func() {
				taken.Delete(name)
				close(mine.over)
			})
			return
		}
		if has.(*turn).of == t {
			return
		}
		<-has.(*turn).over
	}
}
