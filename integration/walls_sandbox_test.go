package integration

import (
	"slices"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// gVisor has a network stack of its own, which the walls stand around. What they
// stop is tried where it can succeed in TestWallsOnEveryEngine.
func TestWallsAroundASandbox(t *testing.T) {
	needsRunsc(t)
	sandboxed := node.Policy{Tenants: map[string]string{"acme": "delegate: runsc\nlimits: {memory: 1Gi}\n" + rawNetwork, "globex": ""}}
	test := func(l *lab) {
		a, own, b := l.plug(boxed{tenant: "acme", privileged: true}), l.plug(boxed{tenant: "acme"}), l.plug(boxed{tenant: "globex"})
		a.expect("from a sandbox", slices.Concat(
			reached(connects(served, own.four, own.six, outside, outside6)...), reached("udp:"+own.four+":80", "udp:"+outside6+":80"),
			walled(connects(served, b.four, b.six, metadata4, metadata6)...), walled("udp:"+b.four+":80"),
			walled(connects(nodeService, labGateway, labGateway6, otherGateway, uplink6)...),
		)...)
		b.expect("to a sandbox", walled(connects(served, a.four, a.six)...)...)
		l.expectOfNode("the node", reached(connects(served, a.four, a.six)...)...)
		// Another address is its own kernel's matter, and does not pass the walls.
		before := a.drops()["spoofed"]
		a.exec("ip", "addr", "add", "10.90.0.77/24", "dev", "eth0")
		a.expect("with an address of its own choice", walled("from:10.90.0.77:"+own.four+":80")...)
		a.expect("with its own", reached("from:"+a.four+":"+own.four+":80")...)
		if got := a.drops()["spoofed"]; got == before {
			l.Errorf("%d frames are counted as spoofed, as before", got)
		}
	}
	t.Run("ctr", func(t *testing.T) { inLabsOfCtr(t, walledOnly, nodes[len(nodes)-1].Engine, sandboxed, test) })
	for _, e := range dockers(t) {
		if e.NamesShims {
			t.Run(e.Name, func(t *testing.T) { inLabsOfDocker(t, walledOnly, e, sandboxed, test) })
		}
	}
}
