package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// within refuses what a tenant would have more of than its parent. Both are
// compiled, so what the parent has is written out in the child too, and only
// what the child says itself can be more.
func (k *compiler) within(o *Object) {
	parent := k.parents[o]
	if parent == nil {
		return
	}
	p, q := k.policy(o), k.policy(parent)
	for _, a := range bounded(p, q) {
		k.ceiling(o, a)
	}
	k.withinBlockIO(o, p.Limits.BlockIO, q.Limits.BlockIO)
	k.withinSecurity(o, p, q)
	k.withinNetwork(o, &p.Network, &q.Network)
	k.withinRlimits(o, p.Container.Rlimits, q.Container.Rlimits)
}

// amount is one bounded quantity of a child, and its parent's. Nil is not
// bounded.
type amount struct {
	key       string
	got, most *int64
	show      func(int64) string
}

func bounded(p, q *tenant.Policy) []amount {
	all := []amount{
		{"spec.limits.cpu", p.Limits.CPUMilli, q.Limits.CPUMilli, inCPUs},
		{"spec.limits.memory", p.Limits.MemoryBytes, q.Limits.MemoryBytes, inBytes},
		{"spec.limits.swap", &p.Limits.SwapBytes, &q.Limits.SwapBytes, inBytes},
		{"spec.limits.pids", &p.Limits.Pids, &q.Limits.Pids, inTasks},
		{"spec.limits.containers", p.Limits.Containers, q.Limits.Containers, inTasks},
		{"spec.limits.connections", &p.Network.Connections, &q.Network.Connections, inTasks},
		{"spec.container.max.connections", &p.Network.ContainerConnections, &q.Network.ContainerConnections, inTasks},
	}
	for _, of := range []struct {
		key  string
		p, q tenant.Bandwidth
	}{
		{"spec.limits.bandwidth", p.Network.Bandwidth, q.Network.Bandwidth},
		{"spec.container.max.bandwidth", p.Network.ContainerBandwidth, q.Network.ContainerBandwidth},
	} {
		all = append(all,
			amount{of.key + ".ingressBitsPerSecond", of.p.IngressBitsPerSecond, of.q.IngressBitsPerSecond, inBits},
			amount{of.key + ".egressBitsPerSecond", of.p.EgressBitsPerSecond, of.q.EgressBitsPerSecond, inBits})
	}
	for _, page := range hugePages {
		if most, ok := q.Limits.Hugepages[page.name]; ok {
			got := p.Limits.Hugepages[page.name]
			all = append(all, amount{"spec.limits." + page.key, &got, &most, inBytes})
		}
	}
	for _, of := range []struct {
		name string
		p, q tenant.Quantities
	}{
		{"max", p.Container.Max, q.Container.Max},
		{"default", p.Container.Default, q.Container.Default},
	} {
		key := "spec.container." + of.name
		all = append(all,
			amount{key + ".cpu", of.p.CPUMilli, of.q.CPUMilli, inCPUs},
			amount{key + ".memory", of.p.MemoryBytes, of.q.MemoryBytes, inBytes},
			amount{key + ".pids", of.p.Pids, of.q.Pids, inTasks})
	}
	return all
}

// ceiling refuses an amount above the parent's.
func (k *compiler) ceiling(o *Object, a amount) {
	if a.most == nil || a.got != nil && *a.got <= *a.most {
		return
	}
	got := "not bounded"
	if a.got != nil {
		got = a.show(*a.got)
	}
	k.exceeds(o, a.key, fmt.Sprintf("is %s, above the %s of its parent %s; lower it or raise the parent's", got, a.show(*a.most), k.parents[o].Name()))
}

// exceeds refuses what a key of a child is. Where the key itself is wrong, in
// the child or the parent, what was compiled of it says nothing.
func (k *compiler) exceeds(o *Object, key, what string) {
	for at := o; at != nil; at = k.parents[at] {
		if k.mistaken[place{at, key}] {
			return
		}
	}
	if _, written := o.fields[key]; !written {
		key, what = "spec.parent", "is "+k.parents[o].Name()+", but "+key+" "+what
	}
	k.bad(o, key, what)
}

func (k *compiler) withinBlockIO(o *Object, mine, theirs []tenant.BlockIO) {
	const list = "spec.limits.blockIO"
	for _, q := range theirs {
		i := slices.IndexFunc(mine, func(b tenant.BlockIO) bool { return b.Device == q.Device })
		if i < 0 {
			k.exceeds(o, list, fmt.Sprintf("has no %s, which its parent %s bounds; add it with at most the parent's", q.Device, k.parents[o].Name()))
			continue
		}
		p, key := mine[i], fmt.Sprintf("%s[%d]", list, i)
		for _, a := range []amount{
			{key + ".readBytesPerSecond", p.ReadBytesPerSecond, q.ReadBytesPerSecond, inBytes},
			{key + ".writeBytesPerSecond", p.WriteBytesPerSecond, q.WriteBytesPerSecond, inBytes},
			{key + ".readIOPS", p.ReadIOPS, q.ReadIOPS, inTasks},
			{key + ".writeIOPS", p.WriteIOPS, q.WriteIOPS, inTasks},
		} {
			if a.got == nil && a.most != nil {
				name := strings.TrimPrefix(a.key, key+".")
				k.exceeds(o, key, fmt.Sprintf("has no %s, which its parent %s bounds to %s; add it with at most that", name, k.parents[o].Name(), a.show(*a.most)))
				continue
			}
			k.ceiling(o, a)
		}
	}
}

func (k *compiler) withinRlimits(o *Object, mine, theirs map[string]tenant.Rlimit) {
	const section = "spec.container.rlimits"
	parent := k.parents[o].Name()
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		q := theirs[name]
		p, ok := mine[name]
		short := strings.ToLower(strings.TrimPrefix(name, "RLIMIT_"))
		if !ok {
			k.exceeds(o, section, fmt.Sprintf("has no %s, which its parent %s bounds to %d; add it with at most that", short, parent, q.Hard))
		} else if p.Hard > q.Hard {
			k.exceeds(o, section+"."+short+".hard", fmt.Sprintf("is %d, above the %d of its parent %s; lower it or raise the parent's", p.Hard, q.Hard, parent))
		}
	}
}
