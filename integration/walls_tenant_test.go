package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// unplugged starts a container that nobody plugs in but Bulkhead, if anybody
// does.
func (s *stage) unplugged(tenant string, args ...string) *plugged {
	s.Helper()
	r := s.sleeper(tenant)
	r.Args = args
	c := &plugged{container: s.start(r)}
	p := c.exec(nil, "ip", "-o", "addr", "show", "scope", "global")
	s.wait(p)
	for line := range strings.Lines(p.Stdout.String()) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == "inet" {
			c.four, _, _ = strings.Cut(f[3], "/")
		}
	}
	return c
}

var server = []string{"httpd", "-f", "-p", "8080", "-h", "/etc"}

// `ctr run` without --cni: the tenant's own network has its walls once, for as
// long as any of its containers lives.
func TestWallsAroundTheNetworkOfATenant(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		conflist, _ := s.bridged()
		policy := s.shared(conflist)
		s.apply(policy)
		first, second, other := s.unplugged("acme", "sleep", "600"), s.unplugged("acme", server...), s.unplugged("globex", server...)
		if first.four == "" || first.four != second.four || other.four == first.four {
			s.Fatalf("addresses are %s, %s and %s", first.four, second.four, other.four)
		}
		stand := func(when string, want int) {
			s.Helper()
			if keys := s.standing(); len(keys) != want {
				s.Errorf("%s walls of %v stand, want %d", when, keys, want)
			}
		}
		stand("at first", 2)
		second.expectReach(true, second.four)
		second.expectReach(false, other.four)
		for mine, theirs := range map[string]string{"acme": "globex", "globex": "acme"} {
			policy.Tenants[mine] = fmt.Sprintf("network: {namespace: Tenant, peers: [%s]}", theirs)
		}
		s.apply(policy) // the positive control
		second.expectReach(true, other.four)
		other.expectReach(true, second.four)
		first.delete()
		stand("without the first", 2)
		s.apply(s.shared(conflist))
		second.expectReach(false, other.four)
		other.expectReach(false, second.four)
		second.delete()
		other.delete()
		stand("after all", 0)
	})
}

// `ctr run` without --cni gives no network, and somebody may plug one in while
// the container runs.
func TestWallsAroundWhatIsPluggedIntoARunningContainer(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		s.apply(node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}})
		late, other, b := s.unplugged("acme", server...), s.unplugged("acme", server...), s.plug(s.sleeper("globex"))
		if keys := s.standing(); len(keys) != 1 {
			s.Errorf("walls of %v stand, want globex's", keys)
		}
		for _, c := range []*plugged{late, other} {
			c.four, c.six = s.cni("ADD", c)
		}
		s.must(node.Await(s.ctx, func() bool { return len(s.standing()) == 3 }))
		late.expectReach(true, other.four, other.six)
		late.expectReach(false, b.four, b.six)
		b.expectReach(false, late.four, late.six)
		s.apply(node.Policy{Tenants: map[string]string{"acme": "network: {peers: [globex]}", "globex": "network: {peers: [acme]}"}})
		late.expectReach(true, b.four, b.six) // the positive control
	})
}
