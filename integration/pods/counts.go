package pods

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// counts are how often a node was asked, and answered.
type counts struct{ pods, containers, execs, refusals atomic.Int64 }

// add counts what was done, or that Bulkhead refused it.
func (c *counts) add(what *atomic.Int64, err error) {
	switch {
	case err == nil:
		what.Add(1)
	case strings.Contains(err.Error(), "refused"):
		c.refusals.Add(1)
	}
}

// Counts says what the node did so far, for people.
func (n *Node) Counts() string {
	c := &n.counts
	return fmt.Sprintf("%d pods and %d containers started, %d refused, %d execs", c.pods.Load(), c.containers.Load(), c.refusals.Load(), c.execs.Load())
}
