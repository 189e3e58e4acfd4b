package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// nothingOfNetworks expects no table and no device of Bulkhead's in the node's
// world.
func (s *stage) nothingOfNetworks(when string) {
	s.Helper()
	left := s.inWorld("nft", "list", "ruleset") + s.inWorld("ip", "-o", "link", "show", "type", "ifb")
	if strings.TrimSpace(left) != "" {
		s.Errorf("%s, left: %s", when, left)
	}
}

// killer kills a process at a moment, and never another one with its number.
type killer struct {
	*moments
	victim atomic.Int64 // a file of the process; 0: none
}

func (s *stage) killer(folder string) *killer {
	s.Helper()
	k := new(killer)
	k.moments = watchMoments(s.T, s.node.Pid(), folder, func() {
		_ = unix.PidfdSendSignal(int(k.victim.Load()), unix.SIGKILL, nil, 0) // it may have ended
	})
	return k
}

// around kills a process at a moment of f, and reports whether there was one.
func (k *killer) around(pid int, at int64, f func()) (was bool, err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	k.victim.Store(int64(fd))
	k.set(at)
	f()
	was = k.count.Load() >= at
	k.set(0)
	return was, nil
}

// The shim is killed each time that it has changed something of the network:
// while walls are raised and bandwidth is bounded, and while they are taken away.
func TestShimKilledAmongWallsLeavesNothing(t *testing.T) {
	onlyIfItMatters(t)
	s := newStage(t, ownWorldOf(t, nodes[len(nodes)-1].Engine))
	s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {bandwidth: {egressBitsPerSecond: 80M}}"}})
	s.plug(s.sleeper("acme")).delete() // makes the folder, and the bridge
	k := s.killer(filepath.Join(string(s.node.Root().Containers()), string(record.Scope(s.node.Namespace("acme")))))
	// around does the phase of a container's life, and reports whether it was cut.
	around := func(phase string, at int64) (cut bool) {
		c := s.ready(s.sleeper("acme"))
		shim := host.Parent(c.Pid())
		remove := func() { s.must(node.Await(s.ctx, func() bool { return c.Delete(s.ctx) == nil })) }
		var started error
		var err error
		if phase == "start" {
			_, err = k.around(shim, at, func() { started = c.Start(s.ctx) })
			cut = started != nil
			remove()
		} else {
			s.must(c.Start(s.ctx))
			cut, err = k.around(shim, at, remove)
		}
		s.must(err)
		s.must(node.Await(s.ctx, func() bool { return !host.Alive(shim) }))
		s.bulkhead("gc")
		s.clean()
		s.nothingOfNetworks(fmt.Sprintf("after moment %d of the %s", at, phase))
		return cut
	}
	for phase, least := range map[string]int64{"start": 4, "delete": 2} {
		at := int64(1)
		for around(phase, at) {
			at++
		}
		s.Logf("%s: killed at %d moments", phase, at-1)
		if at <= least {
			s.Errorf("%s: killed at %d moments, want %d at least", phase, at-1, least)
		}
	}
	said := s.bulkhead("describe", "container", s.plug(s.sleeper("acme")).ID)
	if !strings.Contains(said, "Walls:") {
		s.Errorf("the next container has none: %s", said)
	}
}
