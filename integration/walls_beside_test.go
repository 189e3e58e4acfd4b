package integration

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// standing are the keys of the walls of the stage's installation.
func (s *stage) standing() (keys []string) {
	s.Helper()
	s.must(inNetworkOf(s.node.Pid(), func() (err error) {
		keys, err = network.Standing(s.node.Root().Installation())
		return err
	}))
	return keys
}

// Two installations raise walls in one network, each its own. gc takes away what
// nobody's container has, and never the other's.
func TestInstallationsHaveWallsOfTheirOwn(t *testing.T) {
	onlyIfItMatters(t)
	engine := nodes[len(nodes)-1].Engine
	first := newStage(t, ownWorldOf(t, engine))
	beside, err := node.StartKind(context.Background(), engine, node.Kind{
		Around: func(start func() error) error { return inNetworkOf(first.node.Pid(), start) },
	})
	first.must(err)
	t.Cleanup(func() {
		if err := beside.Close(); err != nil {
			t.Error(err)
		}
	})
	second := newStage(t, beside)
	plug := func(s *stage) *plugged {
		s.apply(apart)
		made, err := s.node.Create(s.ctx, s.sleeper("acme"))
		s.must(err)
		c := &plugged{container: s.keep(made)}
		c.four, c.six = first.cni("ADD", c)
		s.must(c.Start(s.ctx))
		return c
	}
	a, b := plug(first), plug(second)
	ofFirst, ofSecond := first.standing(), second.standing()
	if len(ofFirst) != 1 || len(ofSecond) != 1 || ofFirst[0] == ofSecond[0] {
		t.Fatalf("walls stand of %v and %v", ofFirst, ofSecond)
	}
	if tables := strings.Count(first.inWorld("nft", "list", "tables"), "bulkhead_"); tables != 4 {
		t.Errorf("%d tables, want two of each", tables)
	}
	first.must(record.Remove(first.node.Root(), record.Scope(a.Namespace), a.ID))
	a.delete() // which leaves the walls that nobody remembers
	second.bulkhead("gc")
	if got := first.standing(); !slices.Equal(got, ofFirst) {
		t.Errorf("after the other's gc %v stand", got)
	}
	if said := first.bulkhead("gc"); !strings.Contains(said, "walls "+ofFirst[0]) {
		t.Errorf("gc says %q", said)
	}
	if got := first.standing(); len(got) != 0 {
		t.Errorf("after its gc %v stand", got)
	}
	if got := second.standing(); !slices.Equal(got, ofSecond) {
		t.Errorf("of the other %v stand", got)
	}
	second.bulkhead("verify")
	b.delete()
	first.nothingOfNetworks("after both")
}
