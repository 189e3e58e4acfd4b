package main

import (
	"cmp"
	goruntime "runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// collector reads everything when it is scraped, each cgroup once.
type collector struct {
	mu    sync.Mutex
	meter *runtime.Meter // guarded by mu
	log   *auditCount    // guarded by mu
}

func newCollector(root tenant.Root) *collector {
	return &collector{meter: runtime.NewMeter(runtime.New(root, runtime.Execute)), log: newAuditCount(root)}
}

// readable reports why nothing can be served, at the start.
func (c *collector) readable() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if all, _, err := c.meter.Read(); all == nil && err != nil {
		return err
	}
	return nil
}

// follow reads what the audit log has more, so that a file that is rotated
// between two scrapes is not lost.
func (c *collector) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.log.read() // the next scrape reports it
}

// figures are the kernel's, by name.
var figures = map[cgroup.Figure]string{
	cgroup.CPUUsage:            "CPU time that the tenant used.",
	cgroup.CPUPeriods:          "Periods in which the tenant ran while its CPU was limited.",
	cgroup.CPUThrottledPeriods: "Periods in which the tenant used up its limit of CPU.",
	cgroup.CPUThrottled:        "Time that the tenant waited for its limit of CPU.",
	cgroup.Memory:              "Memory in use, with page cache.",
	cgroup.MemoryCache:         "Page cache, which the kernel takes back when memory is short.",
	cgroup.Swap:                "Memory that was swapped out.",
	cgroup.MemoryHigh:          "Times that the kernel slowed the tenant down to reclaim its memory (cgroup v2).",
	cgroup.OOMKilled:           "Processes that the kernel killed for want of memory.",
	cgroup.Pids:                "Processes and threads.",
	cgroup.IORead:              "Bytes read from block devices.",
	cgroup.IOWritten:           "Bytes written to block devices; on cgroup v1 without those through the page cache.",
	runtime.NetworkReceived:    "Bytes that its containers received, loopback left out.",
	runtime.NetworkSent:        "Bytes that its containers sent, loopback left out.",
	cgroup.IOReads:             "Reads from block devices.",
	cgroup.IOWrites:            "Writes to block devices; on cgroup v1 without those through the page cache.",
	cgroup.CPUWaiting:          "Time in which some task of the tenant waited for a CPU (PSI, cgroup v2).",
	cgroup.MemoryWaiting:       "Time in which some task of the tenant waited for memory (PSI, cgroup v2).",
	cgroup.IOWaiting:           "Time in which some task of the tenant waited for a block device (PSI, cgroup v2).",
	cgroup.CPUPressure:         "Share of the last 10 s in which some task of the tenant waited for a CPU (PSI, cgroup v2).",
	cgroup.MemoryPressure:      "Share of the last 10 s in which some task of the tenant waited for memory (PSI, cgroup v2).",
	cgroup.IOPressure:          "Share of the last 10 s in which some task of the tenant waited for a block device (PSI, cgroup v2).",
}

// knownAmounts are what Bulkhead knows by itself; not ok where there is none.
var knownAmounts = []struct {
	desc *prometheus.Desc
	of   func(*runtime.Usage) (float64, bool)
}{
	{metric("containers", "Containers that live or are being made."), func(u *runtime.Usage) (float64, bool) {
		return float64(u.Account.Containers), true
	}},
	{metric("committed_cpu_cores", "CPU that its containers were given, those without a limit left out."), func(u *runtime.Usage) (float64, bool) {
		return float64(u.Account.CPUMilli) / 1000, true
	}},
	{metric("committed_memory_bytes", "Memory that its containers were given, those without a limit left out."), func(u *runtime.Usage) (float64, bool) {
		return float64(u.Account.MemoryBytes), true
	}},
	{metric("cpu_limit_cores", "CPU that the policy gives it."), limit(1e-3, func(l tenant.Limits) *int64 { return l.CPUMilli })},
	{metric("memory_limit_bytes", "Memory that the policy gives it."), limit(1, func(l tenant.Limits) *int64 { return l.MemoryBytes })},
	{metric("pids_limit", "Processes and threads that the policy gives it."), limit(1, func(l tenant.Limits) *int64 { return &l.Pids })},
	{metric("network_received_limit_bytes_per_second", "What the policy lets it receive."), bandwidth(func(b tenant.Bandwidth) *int64 { return b.IngressBitsPerSecond })},
	{metric("network_sent_limit_bytes_per_second", "What the policy lets it send."), bandwidth(func(b tenant.Bandwidth) *int64 { return b.EgressBitsPerSecond })},
	{metric("containers_limit", "Containers that the policy gives it."), limit(1, func(l tenant.Limits) *int64 { return l.Containers })},
}

func limit(unit float64, of func(tenant.Limits) *int64) func(*runtime.Usage) (float64, bool) {
	return bound(unit, func(p *tenant.Policy) *int64 { return of(p.Limits) })
}

func bandwidth(of func(tenant.Bandwidth) *int64) func(*runtime.Usage) (float64, bool) {
	const bitsAByte = 8
	return bound(1.0/bitsAByte, func(p *tenant.Policy) *int64 { return of(p.Network.Bandwidth) })
}

func bound(unit float64, of func(*tenant.Policy) *int64) func(*runtime.Usage) (float64, bool) {
	return func(u *runtime.Usage) (float64, bool) {
		if u.Policy == nil {
			return 0, false
		}
		n := of(u.Policy)
		if n == nil {
			return 0, false
		}
		return float64(*n) * unit, true
	}
}

func metric(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("bulkhead_tenant_"+name, help, []string{"tenant"}, nil)
}

var (
	tenantInfo = prometheus.NewDesc("bulkhead_tenant_info", "1 for each tenant, with the one that it is below.", []string{"tenant", "parent"}, nil)
	buildInfo  = prometheus.NewDesc("bulkhead_build_info", "1, with what this bulkhead is.", []string{"version", "goversion"}, nil)
	denials    = prometheus.NewDesc("bulkhead_denials_total",
		"Denials that refused a request. Without tenant: none was found. Isolator \"policy\": the policy could not decide.", []string{"tenant", "isolator"}, nil)
	audited = prometheus.NewDesc("bulkhead_audited_denials_total",
		"Denials that were logged only, since the tenant is in Audit or its total is only reported.", []string{"tenant", "isolator"}, nil)
	dropped = prometheus.NewDesc("bulkhead_tenant_network_dropped_packets_total", "Packets that the walls around its containers dropped, and why.", []string{"tenant", "reason"}, nil)
	skipped = prometheus.NewDesc("bulkhead_audit_log_skipped_lines_total", "Lines of the audit log that could not be read.", nil, nil)

	figureDescs = func() map[cgroup.Figure]*prometheus.Desc {
		all := map[cgroup.Figure]*prometheus.Desc{}
		for f, help := range figures {
			all[f] = metric(string(f), help)
		}
		return all
	}()
)

// Describe names every metric that there may be.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range figureDescs {
		to <- d
	}
	for _, a := range knownAmounts {
		to <- a.desc
	}
	for _, d := range []*prometheus.Desc{tenantInfo, buildInfo, denials, audited, dropped, skipped} {
		to <- d
	}
}

// Collect reads. What cannot be read is reported, and does not keep the rest
// from being served.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	put := putter(to)
	put(buildInfo, prometheus.GaugeValue, 1, cmp.Or(release, "(devel)"), goruntime.Version())
	all, _, err := c.meter.Read()
	if err != nil {
		to <- prometheus.NewInvalidMetric(tenantInfo, err)
	}
	putUsage(put, all)
	if err := c.log.read(); err != nil {
		to <- prometheus.NewInvalidMetric(denials, err)
	}
	for of, n := range c.log.denied {
		put(denials, prometheus.CounterValue, n, of.tenant, of.isolator)
	}
	for of, n := range c.log.audited {
		put(audited, prometheus.CounterValue, n, of.tenant, of.isolator)
	}
	put(skipped, prometheus.CounterValue, c.log.skipped)
}

// put gives Prometheus one number.
type put func(d *prometheus.Desc, kind prometheus.ValueType, n float64, labels ...string)

func putter(to chan<- prometheus.Metric) put {
	return func(d *prometheus.Desc, kind prometheus.ValueType, n float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, n, labels...)
	}
}

func putUsage(put put, all []*runtime.Usage) {
	for _, u := range all {
		parent := ""
		if n := len(u.Ancestors); n > 0 {
			parent = u.Ancestors[n-1]
		}
		put(tenantInfo, prometheus.GaugeValue, 1, u.Tenant, parent)
		for f, n := range u.Figures {
			if why, ok := runtime.WhyDropped(f); ok {
				put(dropped, prometheus.CounterValue, n, u.Tenant, string(why))
				continue
			}
			kind := prometheus.GaugeValue
			if f.Counts() {
				kind = prometheus.CounterValue
			}
			put(figureDescs[f], kind, n, u.Tenant)
		}
		for _, a := range knownAmounts {
			if n, ok := a.of(u); ok {
				put(a.desc, prometheus.GaugeValue, n, u.Tenant)
			}
		}
	}
}
