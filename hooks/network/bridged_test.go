package network

import (
	"net/netip"
	"os"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Rules hold for neighbours on a bridge too, whether or not what it hands over
// is shown to the hooks of IP (br_netfilter).
func TestRulesHoldOnABridge(t *testing.T) {
	for _, called := range []string{"0", "1"} {
		t.Run("bridge-nf-call "+called, func(t *testing.T) {
			node := bridged(t)
			node.do(func() error {
				for _, f := range []string{"iptables", "ip6tables"} {
					err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+f, []byte(called), 0)
					if os.IsNotExist(err) && called == "1" {
						t.Skip("br_netfilter is not loaded")
					}
					if err != nil && !os.IsNotExist(err) {
						return err
					}
				}
				return nil
			})
			a, own, neighbour := node.plug(t, "acme", 2), node.plug(t, "acme", 3), node.plug(t, "nobody", 4)
			for _, n := range []namespace{node, a.namespace, own.namespace, neighbour.namespace} {
				n.listen(80)
				n.listen(81)
			}
			a.reaches(neighbour.six, 80)
			neighbour.reaches(a.six, 81)
			deny := []tenant.NetworkRule{
				{Allow: true, Ports: []tenant.PortRange{{Protocol: "TCP", First: 80, Last: 80}}},
				{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/24"), netip.MustParsePrefix("fd09::/64")}},
			}
			rules := policyOf("acme", func(n *tenant.Network) { n.Egress, n.Ingress = deny, deny })
			a.wall(rules, new(tenant.Node))
			own.wall(rules, new(tenant.Node))
			for _, to := range []netip.Addr{neighbour.four, neighbour.six} {
				a.reaches(to, 80)
				a.doesNotReach(to, 81)
			}
			for _, to := range []netip.Addr{a.four, a.six} {
				neighbour.reaches(to, 80)
				neighbour.doesNotReach(to, 81)
				own.reaches(to, 81)
				node.reaches(to, 81) // what the node opens is its own matter
			}
			if a.drops(Egress) == 0 || a.drops(Ingress) == 0 {
				t.Errorf("dropped are %d by egress and %d by ingress", a.drops(Egress), a.drops(Ingress))
			}
		})
	}
}
