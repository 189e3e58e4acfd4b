package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// prefix reads a range of addresses, written as its first one.
func (k *compiler) prefix(o *Object, key, text string) netip.Prefix {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		what := "want a range of addresses, such as 10.0.0.0/8 or fd00::/8"
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			what = "did you mean " + netip.PrefixFrom(a, a.BitLen()).String() + "?"
		}
		k.bad(o, key, "is "+quoted(text)+"; "+what)
		return p
	}
	switch {
	case p.Addr().Is4In6():
		k.bad(o, key, "is "+text+", IPv4 addresses written as IPv6; want them as IPv4")
	case p != p.Masked():
		k.bad(o, key, "is "+text+", which has bits below its mask; did you mean "+p.Masked().String()+"?")
	}
	return p
}

// address reads one address that a container can send to.
func (k *compiler) address(o *Object, key, text, others string) netip.Addr {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		k.bad(o, key, "is "+quoted(text)+"; want "+others+"an IPv4 or IPv6 address")
	case a.Zone() != "":
		k.bad(o, key, "is "+text+"; want it without %"+a.Zone())
	case a.Is4In6():
		k.bad(o, key, "is "+text+"; did you mean "+a.Unmap().String()+"?")
	case a.IsUnspecified() || a.IsMulticast():
		k.bad(o, key, "is "+text+", which is no address of a service; want "+others+"one address")
	case a.IsLoopback():
		k.bad(o, key, "is "+text+", which in a container is the container itself; want "+others+"an address that it can reach")
	}
	return a
}

// ports reads ports and ranges of them.
func (k *compiler) ports(o *Object, key string, in []v1alpha1.Port) []tenant.PortRange {
	const most = 1<<16 - 1
	if in != nil && len(in) == 0 {
		k.bad(o, key, "is empty; remove it for all ports")
	}
	var out []tenant.PortRange
	for i, p := range in {
		at := fmt.Sprintf("%s[%d]", key, i)
		last := p.Port
		if p.EndPort != nil {
			last = *p.EndPort
		}
		switch {
		case p.Port < 1 || p.Port > most:
			k.bad(o, at+".port", fmt.Sprintf("is %d; want 1 to %d", p.Port, most))
		case last < p.Port || last > most:
			k.bad(o, at+".endPort", fmt.Sprintf("is %d; want %d, which is port, to %d", last, p.Port, most))
		}
		out = append(out, tenant.PortRange{Protocol: string(cmp.Or(p.Protocol, "TCP")), First: uint16(p.Port), Last: uint16(last)})
	}
	return merged(out)
}

// widest sorts ranges and leaves out those inside another.
func widest(prefixes []netip.Prefix) []netip.Prefix {
	in := slices.SortedFunc(slices.Values(prefixes), netip.Prefix.Compare)
	var out []netip.Prefix
	for _, p := range in {
		if n := len(out); n == 0 || !out[n-1].Overlaps(p) {
			out = append(out, p)
		}
	}
	return out
}

// merged sorts ports and makes one range of those that touch.
func merged(ports []tenant.PortRange) []tenant.PortRange {
	in := slices.SortedFunc(slices.Values(ports), func(a, b tenant.PortRange) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.First, b.First))
	})
	var out []tenant.PortRange
	for _, p := range in {
		if n := len(out); n > 0 && out[n-1].Protocol == p.Protocol && int(p.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, p.Last)
		} else {
			out = append(out, p)
		}
	}
	return out
}
