package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestNetworkIsDescribedInWords(t *testing.T) {
	n := &tenant.Network{
		Namespace: tenant.TenantNetwork, Walls: tenant.WallsPreferred, Peers: []string{"globex", "shared"},
		Host: []tenant.HostService{
			{Ports: []tenant.PortRange{{Protocol: "TCP", First: 5000, Last: 5010}, {Protocol: "UDP", First: 53, Last: 53}}},
			{Address: netip.MustParseAddr("fd00::1")},
		},
		Egress: []tenant.NetworkRule{
			{Allow: true, Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24"), netip.MustParsePrefix("fd00::/8")}, Ports: []tenant.PortRange{{Protocol: "TCP", First: 5432, Last: 5432}}},
			{},
		},
		Connections: 1000, ContainerConnections: 10,
		Bandwidth: tenant.Bandwidth{IngressBitsPerSecond: new(int64(500e6))},
	}
	var got strings.Builder
	describeNetwork(func(key, value string) { fmt.Fprintf(&got, "%s: %s\n", strings.TrimSpace(key), value) }, n)
	const want = `namespace: Tenant
walls: Preferred
peers: globex,shared
services of the node: node TCP 5000-5010, UDP 53, fd00::1
egress 1: allow 10.1.2.0/24, fd00::/8 TCP 5432
egress 2: deny any
ingress: all
connections: 1000, at most 10 in each container
bandwidth: receives 500M, sends all bits a second
bandwidth of each container: not bounded
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
