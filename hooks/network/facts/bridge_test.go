package facts

import (
	"net/netip"
	"slices"
	"testing"
)

func TestAddressesOnABridge(t *testing.T) {
	i := Interface{Bridge: new(Bridge)}
	for _, own := range []string{"fe80::1/64", "192.0.2.1/25", "198.51.100.1/24"} {
		p := netip.MustParsePrefix(own)
		i.Bridge.Addresses, i.Bridge.Subnets = append(i.Bridge.Addresses, p.Addr()), append(i.Bridge.Subnets, p.Masked())
	}
	for _, a := range []string{
		"192.0.2.2", "198.51.100.2", "192.0.2.1", "198.51.100.1", "192.0.2.200", "203.0.113.2", "fe80::2", "fe80::1", "2001:db8::2",
	} {
		i.Addresses = append(i.Addresses, netip.MustParseAddr(a))
	}
	var got []string
	for _, a := range i.Plausible() {
		got = append(got, a.String())
	}
	// IPv6 beyond the link is not this bridge's to judge.
	if want := []string{"192.0.2.2", "198.51.100.2", "fe80::2", "2001:db8::2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	i.Bridge = nil
	if len(i.Plausible()) != 9 {
		t.Error("without a bridge all stay")
	}
}
