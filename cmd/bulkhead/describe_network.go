package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// describeNetwork writes out a tenant's network, its ancestors' rules in its own.
func describeNetwork(line func(key, value string), n *tenant.Network) {
	line("  namespace", cmp.Or(string(n.Namespace), string(tenant.OwnNetwork)))
	line("  walls", cmp.Or(string(n.Walls), string(tenant.WallsRequired)))
	line("  peers", list(n.Peers))
	var services []string
	for _, s := range n.Host {
		address := "node"
		if s.Address.IsValid() {
			address = s.Address.String()
		}
		services = append(services, strings.TrimSpace(address+" "+portsOf(s.Ports)))
	}
	line("  services of the node", strings.Join(services, ", "))
	for _, of := range []struct {
		key   string
		rules []tenant.NetworkRule
	}{{"  egress", n.Egress}, {"  ingress", n.Ingress}} {
		if len(of.rules) == 0 {
			line(of.key, "all")
		}
		for i, r := range of.rules {
			line(fmt.Sprintf("%s %d", of.key, i+1), ruleOf(r))
		}
	}
	line("  connections", fmt.Sprintf("%d, at most %d in each container", n.Connections, n.ContainerConnections))
	line("  bandwidth", bandwidthOf(n.Bandwidth))
	line("  bandwidth of each container", bandwidthOf(n.ContainerBandwidth))
}

// ruleOf reads "deny 10.0.0.0/8, fd00::/8 TCP 80".
func ruleOf(r tenant.NetworkRule) string {
	action, ends := "deny ", "any"
	if r.Allow {
		action = "allow "
	}
	if len(r.Prefixes) > 0 {
		ends = joined(r.Prefixes, netip.Prefix.String)
	}
	return strings.TrimSpace(action + ends + " " + portsOf(r.Ports))
}

// portsOf reads "TCP 80, TCP 8000-8010"; nothing is all.
func portsOf(ports []tenant.PortRange) string {
	return joined(ports, func(p tenant.PortRange) string {
		if p.First == p.Last {
			return fmt.Sprintf("%s %d", p.Protocol, p.First)
		}
		return fmt.Sprintf("%s %d-%d", p.Protocol, p.First, p.Last)
	})
}

func joined[T any](all []T, text func(T) string) string {
	var parts []string
	for _, one := range all {
		parts = append(parts, text(one))
	}
	return strings.Join(parts, ", ")
}

// bandwidthOf reads "receives 500M, sends 1G bits a second".
func bandwidthOf(b tenant.Bandwidth) string {
	if b == (tenant.Bandwidth{}) {
		return "not bounded"
	}
	one := func(verb string, n *int64) string {
		return verb + known(bits(float(n)), "all")
	}
	return one("receives ", b.IngressBitsPerSecond) + ", " + one("sends ", b.EgressBitsPerSecond) + " bits a second"
}
