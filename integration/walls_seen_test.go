package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
)

// raze takes all walls away, as somebody might.
func (s *stage) raze() {
	s.Helper()
	world, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", s.node.Pid()))
	s.must(err)
	defer world.Close()
	s.must(namespace.In(int(world.Fd()), func() error {
		standing, err := network.Standing(s.node.Root().Installation())
		for _, key := range standing {
			err = errors.Join(err, network.Remove(s.node.Root().Installation(), key))
		}
		return err
	}))
}

// What walls drop is counted for the operator, and what they are shown.
func TestDropsOfWallsAreSeen(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		s.apply(apart)
		first, other := s.plug(s.sleeper("acme")), s.plug(s.sleeper("globex"))
		first.expectReach(false, other.four)
		described := s.bulkhead("describe", "container", first.ID)
		for _, want := range []string{`(?m)^Walls: +eth0 at veth\w+$`, `(?m)^  dropped, tenant: +[1-9]\d* packets, [1-9]\d* bytes$`} {
			if !regexp.MustCompile(want).MatchString(described) {
				s.Errorf("no %s in\n%s", want, described)
			}
		}
		var x struct {
			NetworkDroppedPackets *int64 `json:"networkDroppedPackets"`
		}
		s.must(json.Unmarshal([]byte(s.bulkhead("top", "--once", "-o", "json", "acme")), &x))
		if x.NetworkDroppedPackets == nil || *x.NetworkDroppedPackets == 0 {
			s.Error("top says nothing of packets that were dropped")
		}
		s.bulkhead("verify")
		s.raze()
		res, err := s.node.Bulkhead(s.ctx, "verify")
		s.must(err)
		if !strings.Contains(res.Stdout, "walls") {
			s.Errorf("verify does not miss the walls: %s", res.Stdout)
		}
		s.apply(apart)
		s.bulkhead("verify")
		planned := s.bulkhead("preview", "--tenant", "acme", "--id", first.ID, "--containerd-namespace", first.Namespace,
			"--bundle", s.node.Dir()+"/state/io.containerd.runtime.v2.task/"+first.Namespace+"/"+first.ID)
		for _, want := range []string{"walls around its interfaces, as nft has them:\n", first.four, first.six} {
			if !strings.Contains(planned, want) {
				s.Errorf("no %q in\n%s", want, planned)
			}
		}
	})
}
