package isolator

import (
	"fmt"
	"reflect"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
netclass: how the node's network treats a container's packets, on cgroup v1.

Owns     linux.resources.network
Rule     No class and no priority. Level privileged has what was asked for.
Because  A class is the mark by which the node's own traffic control and
         firewall tell packets apart, and a priority passes those of others
         (Linux, Documentation/admin-guide/cgroup-v1/net_cls.rst, net_prio.rst).
         No engine sets either.
Escape   security.level: privileged.
*/

var _ = register(Isolator{
	Name:    "netclass",
	Owns:    []string{"/spec/linux/resources/network"},
	Reason:  "a running container keeps no class or priority that its tenant may not have",
	Leq:     netClassLeq,
	Rewrite: func(c *Case, r *Request) error { return noNetClass(c, resourcesOf(r).Network) },
	Update:  updateNetClass,
	Holds:   func(c *Case, r *Request) error { return noNetClass(c, resourcesOf(r).Network) },
})

func noNetClass(c *Case, n *specs.LinuxNetwork) error {
	if n == nil || c.Policy.Security.Level == tenant.Privileged {
		return nil
	}
	if class := valueOf(n.ClassID); class != 0 {
		return &Denial{"netclass", "linux.resources.network.classID", fmt.Sprintf("%#x", class), "none", "security.level: privileged"}
	}
	for _, p := range n.Priorities {
		if p.Priority != 0 {
			return &Denial{"netclass", "linux.resources.network.priorities", fmt.Sprintf("%d on %q", p.Priority, p.Name), "none", "security.level: privileged"}
		}
	}
	return nil
}

// updateNetClass refuses what the update names. What an earlier policy allowed
// goes, so that every other update passes.
func updateNetClass(c *Case, res *specs.LinuxResources) error {
	err := noNetClass(c, res.Network)
	if err != nil && c.Created.Resources != nil && reflect.DeepEqual(res.Network, c.Created.Resources.Network) {
		res.Network = nil
		return nil
	}
	return err
}

// netClassLeq: no class, or the other's, and no higher priority anywhere.
func netClassLeq(a, b *Request) bool {
	x, y := valueOf(resourcesOf(a).Network), valueOf(resourcesOf(b).Network)
	if class := valueOf(x.ClassID); class != 0 && class != valueOf(y.ClassID) {
		return false
	}
	highest := map[string]uint32{}
	for _, p := range y.Priorities {
		highest[p.Name] = max(highest[p.Name], p.Priority)
	}
	for _, p := range x.Priorities {
		if p.Priority > highest[p.Name] {
			return false
		}
	}
	return true
}
