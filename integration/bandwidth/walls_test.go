package bandwidth

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// What walls print means to nft what they are to the kernel, for each kind of
// rule.
func TestWallsAreThosePrinted(t *testing.T) {
	tcp := func(first, last uint16) []tenant.PortRange {
		return []tenant.PortRange{{Protocol: "TCP", First: first, Last: last}}
	}
	some := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/25"), netip.MustParsePrefix("2001:db8::/33"), netip.MustParsePrefix("203.0.113.7/32")}
	everyPort := append(tcp(80, 80), tenant.PortRange{Protocol: "UDP", First: 1000, Last: 2000}, tenant.PortRange{Protocol: "SCTP", First: 7, Last: 7})
	for name, n := range map[string]tenant.Network{
		"smallest":    {},
		"peers":       {Peers: []string{"umbrella", "initech"}},
		"connections": {Connections: 1000, ContainerConnections: 10},
		"host": {Host: []tenant.HostService{
			{Ports: tcp(80, 90)}, {Address: netip.MustParseAddr("169.254.20.10"), Ports: everyPort}, {Address: netip.MustParseAddr("fd00:ec2::254"), Ports: tcp(80, 80)},
		}},
		"rules": {
			Egress:  []tenant.NetworkRule{{Allow: true, Prefixes: some, Ports: everyPort}, {Prefixes: some}, {Allow: true, Ports: tcp(443, 443)}, {}},
			Ingress: []tenant.NetworkRule{{Allow: true, Ports: tcp(8080, 8090)}, {Prefixes: some[:1]}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			applied, hosts := lab(t, 1)
			printed, _ := lab(t, 1)
			var plan *network.Plan
			node := &tenant.Node{}
			node.Network.DNS = []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}
			err := namespace.In(int(applied.Node.file.Fd()), func() error {
				interfaces, err := facts.Read(hosts[0].file)
				if err != nil {
					return err
				}
				of := network.Facts{Name: network.Name{Installation: "t", Tenant: "acme", Scope: "s", ID: "c"}, Interfaces: interfaces}
				plan = network.Walls(&tenant.Policy{Name: "acme", Network: n}, node, of)
				return plan.Apply(nil)
			})
			if err != nil {
				t.Fatal(err)
			}
			nft(t, printed, plan.Script.String())
			if d := cmp.Diff(nft(t, printed, "list ruleset"), nft(t, applied, "list ruleset")); d != "" {
				t.Errorf("after\n%s(-printed +applied):\n%s", plan, d)
			}
		})
	}
}

// The same of the guard. nft lets go of a table that it owns when it ends, and
// Debian's knows no other way to keep one.
func TestGuardIsThatPrinted(t *testing.T) {
	f := guard.Facts{Known: []int{1}, Neighbours: true, Gateways: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1")}}
	applied, _ := lab(t, 1)
	printed, _ := lab(t, 1)
	g, err := guard.Raise(applied.Node.file, f)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Leave()
	script := guard.Plan(f).String()
	begin, rest, ok := strings.Cut(script, "\n")
	if !ok || !strings.HasPrefix(begin, "add table inet bulkhead-guard { flags owner") {
		t.Fatalf("the plan begins with %s", begin)
	}
	nft(t, printed, "add table inet bulkhead-guard\n"+rest)
	_, got, ok := strings.Cut(nft(t, applied, "list ruleset"), "\tflags owner\n\n")
	if !ok {
		t.Error("nobody owns the guard")
	}
	_, want, _ := strings.Cut(nft(t, printed, "list ruleset"), "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("after\n%s(-printed +applied):\n%s", script, d)
	}
}
