package node

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// CPU time is measured over a window of so much CPU time, of all who share it
// together, or, where other load on the machine makes that last, over what they
// were given in so much time: or over a multiple of these.
const (
	window = 5 * time.Second
	least  = time.Second
	longer = 4 * time.Second

	// settle is left out before a measurement: the kernel splits evenly only once
	// its averages of each group's load have caught up with what began (Linux
	// 6.18: one group of 8 loops beside 20 such groups gets 43 % in the first
	// second and 50 % from then on, on plain cgroups).
	settle = 2 * time.Second

	// look is how often the kernel is asked: seldom, since in an emulated machine
	// asking is load too.
	look = 250 * time.Millisecond
)

// A Gate is the standard input of probes that begin together, when it is opened.
type Gate struct {
	open chan struct{}
	once sync.Once
}

// NewGate returns one that is closed.
func NewGate() *Gate { return &Gate{open: make(chan struct{})} }

// Open lets everybody begin. It may be called again.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// Read gives lines, from when the gate is open: one is enough, and who reads no
// more gets no more.
func (g *Gate) Read(b []byte) (int, error) {
	<-g.open
	return copy(b, "go\n"), nil
}

// Loops is a command that waits for its gate and then keeps four processes a CPU
// running, for three minutes at most.
func Loops() []string {
	return []string{"sh", "-c", fmt.Sprintf(
		"read go; for i in $(seq %d); do timeout 180 sh -c 'while :; do :; done' & done; echo busy; wait", 4*runtime.NumCPU())}
}

// A Split is what each of several was given of the CPU in a window.
type Split struct {
	Percent []float64 // of what all of them were given
	Rate    []float64 // in CPUs, on average
}

// Measure splits what used counts up, the CPU time of each so far, once the split
// has settled. All of them must have begun, and somebody must be busy.
func Measure(ctx context.Context, multiple time.Duration, used func() ([]time.Duration, error)) (Split, error) {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return Split{}, ctx.Err()
	}
	begin := time.Now()
	from, err := used()
	if err != nil {
		return Split{}, err
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	var parts []time.Duration
	var all, wall time.Duration
	for all < multiple*window && (all < multiple*least || wall < multiple*longer) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return Split{}, ctx.Err()
		}
		now, err := used()
		if err != nil {
			return Split{}, err
		}
		parts, all, wall = nil, 0, time.Since(begin)
		for i := range now {
			parts = append(parts, now[i]-from[i])
			all += now[i] - from[i]
		}
	}
	var s Split
	for _, part := range parts {
		s.Percent = append(s.Percent, 100*part.Seconds()/all.Seconds())
		s.Rate = append(s.Rate, part.Seconds()/wall.Seconds())
	}
	return s, nil
}
