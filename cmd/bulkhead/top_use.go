package main

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// use is what top shows of one tenant. Its JSON is a promise: names stay, units
// are in them, and what is unknown or not limited is null.
type use struct {
	Tenant                  string   `json:"tenant"`
	Ancestors               []string `json:"ancestors"` // the outermost first
	Containers              int64    `json:"containers"`
	ContainersLimit         *int64   `json:"containersLimit"`
	CPUUsedCores            *float64 `json:"cpuUsedCores"`
	CPULimitCores           *float64 `json:"cpuLimitCores"`
	CPUThrottledRatio       *float64 `json:"cpuThrottledRatio"`
	MemoryUsedBytes         *int64   `json:"memoryUsedBytes"`  // without page cache
	MemoryTotalBytes        *int64   `json:"memoryTotalBytes"` // with it
	MemoryLimitBytes        *int64   `json:"memoryLimitBytes"`
	MemoryHighEvents        *int64   `json:"memoryHighEvents"`
	SwapUsedBytes           *int64   `json:"swapUsedBytes"`
	Pids                    *int64   `json:"pids"`
	PidsLimit               *int64   `json:"pidsLimit"`
	IOReadBytesPerSecond    *float64 `json:"ioReadBytesPerSecond"`
	IOWrittenBytesPerSecond *float64 `json:"ioWrittenBytesPerSecond"`
	// In bits of Ethernet frames, as the policy's.
	NetworkReceivedBitsPerSecond      *float64 `json:"networkReceivedBitsPerSecond"`
	NetworkReceivedLimitBitsPerSecond *int64   `json:"networkReceivedLimitBitsPerSecond"`
	NetworkSentBitsPerSecond          *float64 `json:"networkSentBitsPerSecond"`
	NetworkSentLimitBitsPerSecond     *int64   `json:"networkSentLimitBitsPerSecond"`
	NetworkDroppedPackets             *int64   `json:"networkDroppedPackets"` // by walls, for whatever reason
	PressureCPURatio                  *float64 `json:"pressureCPURatio"`
	PressureMemoryRatio               *float64 `json:"pressureMemoryRatio"`
	PressureIORatio                   *float64 `json:"pressureIORatio"`
	OOMKills                          *int64   `json:"oomKills"`
	CommittedCPUCores                 float64  `json:"committedCPUCores"` // that its containers were given
	CommittedMemoryBytes              int64    `json:"committedMemoryBytes"`

	depth int // below how many others it is shown
}

// usesOf takes rates between two readings; without an earlier one they are
// unknown.
func usesOf(before, now *reading) []*use {
	uses := []*use{} // nil would be none yet
	for _, u := range now.order {
		var last *runtime.Usage
		var seconds float64
		if before != nil {
			last, seconds = before.tenants[u.Tenant], now.at.Sub(before.at).Seconds()
		}
		uses = append(uses, useOf(last, u, seconds))
	}
	return uses
}

func useOf(last, u *runtime.Usage, seconds float64) *use {
	figure := func(f cgroup.Figure) *float64 {
		if n, known := u.Figures[f]; known {
			return &n
		}
		return nil
	}
	whole := func(f cgroup.Figure) *int64 {
		if n := figure(f); n != nil {
			return new(int64(*n))
		}
		return nil
	}
	grown := func(f cgroup.Figure) *float64 {
		now, known := u.Figures[f]
		if last == nil || !known {
			return nil
		}
		was, known := last.Figures[f]
		if !known {
			return nil
		}
		return new(now - was)
	}
	rate := func(f cgroup.Figure) *float64 {
		if n := grown(f); n != nil && seconds > 0 {
			return new(*n / seconds)
		}
		return nil
	}
	bits := func(f cgroup.Figure) *float64 {
		if n := rate(f); n != nil {
			return new(*n * 8)
		}
		return nil
	}
	x := &use{
		Tenant: u.Tenant, Ancestors: append([]string{}, u.Ancestors...), Containers: u.Account.Containers,
		CPUUsedCores:     rate(cgroup.CPUUsage),
		MemoryTotalBytes: whole(cgroup.Memory), MemoryHighEvents: whole(cgroup.MemoryHigh), SwapUsedBytes: whole(cgroup.Swap),
		Pids:                 whole(cgroup.Pids),
		IOReadBytesPerSecond: rate(cgroup.IORead), IOWrittenBytesPerSecond: rate(cgroup.IOWritten),
		NetworkReceivedBitsPerSecond: bits(runtime.NetworkReceived), NetworkSentBitsPerSecond: bits(runtime.NetworkSent),
		PressureCPURatio: figure(cgroup.CPUPressure), PressureMemoryRatio: figure(cgroup.MemoryPressure), PressureIORatio: figure(cgroup.IOPressure),
		OOMKills:          whole(cgroup.OOMKilled),
		CommittedCPUCores: float64(u.Account.CPUMilli) / 1000, CommittedMemoryBytes: u.Account.MemoryBytes,
	}
	x.dropped(u.Figures)
	if total, cache := x.MemoryTotalBytes, whole(cgroup.MemoryCache); total != nil && cache != nil {
		x.MemoryUsedBytes = new(max(*total-*cache, 0))
	}
	if u.Policy != nil {
		x.limits(u.Policy)
	}
	x.CPUThrottledRatio = throttled(grown(cgroup.CPUPeriods), grown(cgroup.CPUThrottledPeriods), x.CPULimitCores != nil)
	return x
}

// dropped adds up what walls dropped, whatever the reason.
func (x *use) dropped(figures map[cgroup.Figure]float64) {
	for f, n := range figures {
		if _, ok := runtime.WhyDropped(f); ok {
			if x.NetworkDroppedPackets == nil {
				x.NetworkDroppedPackets = new(int64)
			}
			*x.NetworkDroppedPackets += int64(n)
		}
	}
}

func (x *use) limits(p *tenant.Policy) {
	x.ContainersLimit, x.MemoryLimitBytes, x.PidsLimit = p.Limits.Containers, p.Limits.MemoryBytes, &p.Limits.Pids
	x.NetworkReceivedLimitBitsPerSecond, x.NetworkSentLimitBitsPerSecond = p.Network.Bandwidth.IngressBitsPerSecond, p.Network.Bandwidth.EgressBitsPerSecond
	if milli := p.Limits.CPUMilli; milli != nil {
		x.CPULimitCores = new(float64(*milli) / 1000)
	}
}

// throttled is the share of periods; a tenant that had none was held up in none
// of them, if it has a limit at all.
func throttled(periods, held *float64, limited bool) *float64 {
	switch {
	case periods == nil || held == nil:
		return nil
	case *periods > 0:
		return new(min(*held / *periods, 1))
	case limited:
		return new(0.0)
	}
	return nil
}

// only keeps the uses of the tenants that are named, all when none is.
func only(uses []*use, names []string) ([]*use, error) {
	if len(names) == 0 {
		return uses, nil
	}
	var kept []*use
	var known []string
	for _, u := range uses {
		known = append(known, u.Tenant)
		if slices.Contains(names, u.Tenant) {
			kept = append(kept, u)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, notFound("tenant", name, known)
		}
	}
	return kept, nil
}

// sorts are the orders; all but the name begin with the largest.
var sorts = []string{"cpu", "memory", "pids", "io", "name"}

// sorted puts each tenant below its parent, and those of one parent in order.
func sorted(uses []*use, by string) []*use {
	shown := map[string]bool{}
	for _, u := range uses {
		shown[u.Tenant] = true
	}
	below := map[string][]*use{}
	for _, u := range uses {
		up := slices.DeleteFunc(slices.Clone(u.Ancestors), func(name string) bool { return !shown[name] })
		parent := ""
		if u.depth = len(up); u.depth > 0 {
			parent = up[len(up)-1]
		}
		below[parent] = append(below[parent], u)
	}
	var all []*use
	var walk func(parent string)
	walk = func(parent string) {
		slices.SortFunc(below[parent], func(a, b *use) int {
			return cmp.Or(cmp.Compare(b.key(by), a.key(by)), cmp.Compare(a.Tenant, b.Tenant))
		})
		for _, u := range below[parent] {
			all = append(all, u)
			walk(u.Tenant)
		}
	}
	walk("")
	return all
}

// key is what an order compares; what is unknown comes last.
func (u *use) key(by string) float64 {
	value := func(n *float64) float64 {
		if n == nil {
			return -1
		}
		return *n
	}
	switch by {
	case "cpu":
		return value(u.CPUUsedCores)
	case "memory":
		return value(float(u.MemoryUsedBytes))
	case "pids":
		return value(float(u.Pids))
	case "io":
		return max(value(u.IOReadBytesPerSecond), 0) + value(u.IOWrittenBytesPerSecond)
	}
	return 0
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}

// printUses prints the one use that was asked for by name, or a list. A stream
// has a line each.
func printUses(w io.Writer, uses []*use, single, once bool) error {
	l := listing{single: single}
	for _, u := range uses {
		l.add(item{name: u.Tenant, object: u})
	}
	if once {
		return printJSON(w, l.value())
	}
	return json.NewEncoder(w).Encode(l.value())
}
