package compile

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// allows judges a connection by the first rule that matches it.
func allows(rules []tenant.NetworkRule, to netip.Addr, protocol string, port uint16) bool {
	for _, r := range rules {
		address := len(r.Prefixes) == 0 || slices.ContainsFunc(r.Prefixes, func(p netip.Prefix) bool { return p.Contains(to) })
		ports := len(r.Ports) == 0 || slices.ContainsFunc(r.Ports, func(p tenant.PortRange) bool {
			return p.Protocol == protocol && p.First <= port && port <= p.Last
		})
		if address && ports {
			return r.Allow
		}
	}
	return true
}

// TestOneListAllowsWhatBothDo: whatever two lists are, theirs in one allows a
// connection exactly if each of them does.
func TestOneListAllowsWhatBothDo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	protocols := []string{"TCP", "UDP"}
	list := func() []tenant.NetworkRule {
		var out []tenant.NetworkRule
		for range random.IntN(5) {
			r := tenant.NetworkRule{Allow: random.IntN(2) == 0}
			for range random.IntN(3) {
				a := netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(16))})
				p, _ := a.Prefix(28 + random.IntN(5))
				r.Prefixes = append(r.Prefixes, p)
			}
			for range random.IntN(3) {
				first := uint16(1 + random.IntN(8))
				r.Ports = append(r.Ports, tenant.PortRange{Protocol: protocols[random.IntN(2)], First: first, Last: first + uint16(random.IntN(3))})
			}
			r.Prefixes, r.Ports = widest(r.Prefixes), merged(r.Ports)
			out = append(out, r)
		}
		return out
	}
	allowed := map[bool]int{}
	for range 500 {
		first, second := list(), list()
		one := ended(both(first, second))
		for address := range 17 {
			to := netip.AddrFrom4([4]byte{10, 0, 0, byte(address)})
			for port := uint16(1); port < 12; port++ {
				for _, protocol := range append(protocols, "ICMP") {
					want := allows(first, to, protocol, port) && allows(second, to, protocol, port)
					allowed[want]++
					if got := allows(one, to, protocol, port); got != want {
						t.Fatalf("%v and %v are %v: %s %s %d allowed: %v, want %v", first, second, one, to, protocol, port, got, want)
					}
				}
			}
		}
	}
	if allowed[true] == 0 || allowed[false] == 0 {
		t.Errorf("connections by answer: %v", allowed)
	}
}

func TestTooManyRulesAreRefused(t *testing.T) {
	implementAll(t)
	rules := func(n int) string {
		return "{egress: [" + strings.Repeat("{action: Deny, to: [{cidr: 192.0.2.0/24}]}, ", n) + "]}"
	}
	nested := func(n int) []*Object {
		return objectsOf(t,
			tenantDoc("top", "{network: {egress: ["+strings.Repeat("{action: Allow, to: [{cidr: 192.0.2.0/24}], ports: [{port: 80}]}, ", 31)+"{action: Deny}]}}"),
			tenantDoc("low", "{parent: top, network: "+rules(n)+"}"))
	}
	if _, err := Compile(nested(31)); err != nil {
		t.Errorf("31 rules below 32: %v", err)
	}
	const want = "spec.network.egress: makes 1055 rules with those of its ancestors; want at most 1024: write fewer"
	_, err := Compile(nested(33))
	if err == nil || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("33 rules below 32: %v, want %s", err, want)
	}
}
