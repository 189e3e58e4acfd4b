package integration

import (
	"strconv"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// The table of connections is the node's, and every container's packets are
// looked up in it.
func TestFlowsOfOneTenantLeaveRoomForOthers(t *testing.T) {
	onlyIfItMatters(t)
	const flows, bound, slack = 5000, 100, 200
	p := node.Policy{Tenants: map[string]string{"acme": "limits: {connections: 100}", "globex": ""}}
	inLabsOfCtr(t, bothWays, nodes[len(nodes)-1].Engine, p, func(l *lab) {
		a, b := l.plug(boxed{tenant: "acme"}), l.plug(boxed{tenant: "globex"})
		l.service(foreignService, foreignService6, b) // what translates addresses has the node know connections
		known := func() int {
			n, err := strconv.Atoi(l.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count"))
			l.must(err)
			return n
		}
		before := known()
		a.expect("acme", reached("scatter:"+strconv.Itoa(flows)+":"+outside)...)
		more := known() - before
		if bounded := more <= bound+slack; bounded != l.walls || !l.walls && more < flows {
			l.Errorf("the node knows %d connections more after %d flows", more, flows)
		}
		b.expect("globex", reached(speaks(outside)...)...)
		if drops := a.drops()["connections"]; l.walls && drops < flows-bound-slack {
			l.Errorf("%d connections are counted as dropped", drops)
		}
	})
}
