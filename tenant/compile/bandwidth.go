package compile

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	// defaultConnections is a quarter of the connections that the kernel tracks
	// on a node with 8 GiB. Source:
	// Documentation/networking/nf_conntrack-sysctl.rst, "nf_conntrack_max".
	defaultConnections          = 65536
	defaultContainerConnections = 16384
	// mostConnections is what nftables counts to.
	// Source: include/uapi/linux/netfilter/nf_tables.h, NFTA_CONNLIMIT_COUNT.
	mostConnections = 1<<32 - 1
	// leastBandwidth lets a full frame pass five times a second; a smaller number
	// is a forgotten unit.
	leastBandwidth = 64_000
)

// connections returns those of the tenant and of each container.
func (k *compiler) connections(o *Object, spec *v1alpha1.TenantSpec) (all, each int64) {
	const allKey, eachKey = "spec.limits.connections", "spec.container.max.connections"
	all, each = defaultConnections, defaultContainerConnections
	if n := k.number(o, allKey, spec.Limits.Connections); n != nil {
		all = *n
	}
	written := k.number(o, eachKey, spec.Container.Max.Connections)
	if written != nil {
		each = *written
	}
	if each > all && (written == nil || k.giver(o, eachKey) != nil) {
		each = all
	}
	if each > all {
		k.bad(o, eachKey, fmt.Sprintf("is %d, above %s, which is %d%s; lower it or raise %s", each, allKey, all, k.origin(o, allKey), allKey))
	}
	return all, each
}

// number returns a number of connections.
func (k *compiler) number(o *Object, key string, n *int64) *int64 {
	if n != nil && *n > mostConnections {
		k.bad(o, key, fmt.Sprintf("is %d; want at most %d", *n, mostConnections))
		return nil
	}
	return k.count(o, key, n)
}

func (k *compiler) bandwidth(o *Object, section string, b *v1alpha1.Bandwidth) tenant.Bandwidth {
	return tenant.Bandwidth{
		IngressBitsPerSecond: k.bits(o, section+".ingressBitsPerSecond", b.IngressBitsPerSecond),
		EgressBitsPerSecond:  k.bits(o, section+".egressBitsPerSecond", b.EgressBitsPerSecond),
	}
}

// bits returns bits a second.
func (k *compiler) bits(o *Object, key string, q *resource.Quantity) *int64 {
	if q == nil || q.CmpInt64(leastBandwidth) >= 0 {
		return k.whole(o, key, q, " of bits, such as 500M")
	}
	what := "want at least 64k"
	if digits := strings.TrimRight(o.text(key), "mkK"); digits != "0" && len(digits) < 5 && strings.Trim(digits, "0123456789") == "" {
		what = "did you mean " + digits + "M?"
	}
	k.bad(o, key, "is "+o.text(key)+" bits a second, less than 64k; "+what)
	return nil
}

// containerBandwidth checks max <= the tenant's limit, as ordered does.
func (k *compiler) containerBandwidth(o *Object, n *tenant.Network) {
	for _, of := range []struct {
		name string
		each **int64
		all  *int64
	}{
		{"ingressBitsPerSecond", &n.ContainerBandwidth.IngressBitsPerSecond, n.Bandwidth.IngressBitsPerSecond},
		{"egressBitsPerSecond", &n.ContainerBandwidth.EgressBitsPerSecond, n.Bandwidth.EgressBitsPerSecond},
	} {
		key, limitKey := "spec.container.max.bandwidth."+of.name, "spec.limits.bandwidth."+of.name
		k.lower(o, key, of.each, of.all)
		if *of.each != nil && of.all != nil && **of.each > *of.all {
			k.bad(o, key, fmt.Sprintf("is %s, above %s, which is %s%s; lower it or raise %s", inBits(**of.each), limitKey, inBits(*of.all), k.origin(o, limitKey), limitKey))
		}
	}
}

func inBits(n int64) string { return resource.NewQuantity(n, resource.DecimalSI).String() }
