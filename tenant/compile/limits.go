package compile

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	// defaultPids is enough for a busy service and far from the kernel's pid_max
	// of 32768 on small machines.
	defaultPids = 4096
	// leastCPU is the kernel's smallest quota, 1 ms in a period of 100 ms.
	// Source: kernel/sched/core.c, min_cfs_quota_period.
	leastCPU = 10
	// mostCPU keeps a quota within an int64 of microseconds.
	mostCPU = 1_000_000
	// leastMemory is less than any process needs with its page tables; a smaller
	// number is a forgotten unit.
	leastMemory = 4 << 20
)

// hugePages are the sizes that a limit can be set for.
var hugePages = []struct {
	key      string
	name     string // runtime-spec's, config-linux.md, "Huge page limits"
	size     int64  // bytes
	quantity func(*v1alpha1.Limits) *resource.Quantity
}{
	{"hugepages-64Ki", "64KB", 64 << 10, func(l *v1alpha1.Limits) *resource.Quantity { return l.Hugepages64Ki }},
	{"hugepages-2Mi", "2MB", 2 << 20, func(l *v1alpha1.Limits) *resource.Quantity { return l.Hugepages2Mi }},
	{"hugepages-32Mi", "32MB", 32 << 20, func(l *v1alpha1.Limits) *resource.Quantity { return l.Hugepages32Mi }},
	{"hugepages-1Gi", "1GB", 1 << 30, func(l *v1alpha1.Limits) *resource.Quantity { return l.Hugepages1Gi }},
}

func (k *compiler) limits(o *Object, l *v1alpha1.Limits) tenant.Limits {
	out := tenant.Limits{
		CPUMilli:    k.cpu(o, "spec.limits.cpu", l.CPU),
		MemoryBytes: k.memory(o, "spec.limits.memory", l.Memory),
		Pids:        defaultPids,
		Containers:  k.count(o, "spec.limits.containers", l.Containers),
		BlockIO:     k.blockIO(o, l.BlockIO),
	}
	if swap := k.bytes(o, "spec.limits.swap", l.Swap); swap != nil {
		out.SwapBytes = *swap
	}
	if pids := k.count(o, "spec.limits.pids", l.Pids); pids != nil {
		out.Pids = *pids
	}
	for _, page := range hugePages {
		key := "spec.limits." + page.key
		limit := k.bytes(o, key, page.quantity(l))
		if limit == nil {
			continue
		}
		if *limit%page.size != 0 {
			k.bad(o, key, fmt.Sprintf("is %s; want a multiple of %s", o.text(key), strings.TrimPrefix(page.key, "hugepages-")))
		}
		if out.Hugepages == nil {
			out.Hugepages = map[string]int64{}
		}
		out.Hugepages[page.name] = *limit
	}
	return out
}

// cpu returns the thousandths of a CPU of a quota.
func (k *compiler) cpu(o *Object, key string, q *resource.Quantity) *int64 {
	if q != nil && q.CmpInt64(mostCPU) <= 0 && q.MilliValue() < leastCPU {
		k.bad(o, key, "is "+o.text(key)+"; want at least 10m, the smallest quota of the kernel")
		return nil
	}
	return k.milli(o, key, q)
}

// milli returns thousandths of a CPU, at least one.
func (k *compiler) milli(o *Object, key string, q *resource.Quantity) *int64 {
	if q == nil {
		return nil
	}
	if q.CmpInt64(mostCPU) > 0 {
		k.bad(o, key, fmt.Sprintf("is %s CPUs; want at most %d", o.text(key), mostCPU))
		return nil
	}
	milli := q.MilliValue()
	if milli < 1 || resource.NewMilliQuantity(milli, resource.DecimalSI).Cmp(*q) != 0 {
		k.bad(o, key, "is "+o.text(key)+"; want whole thousandths of a CPU, such as 500m")
		return nil
	}
	return &milli
}

// memory returns bytes.
func (k *compiler) memory(o *Object, key string, q *resource.Quantity) *int64 {
	if q != nil && q.CmpInt64(leastMemory) < 0 {
		what := "want at least 4Mi"
		if digits := strings.TrimRight(o.text(key), "mkK"); digits != "0" && strings.Trim(digits, "0123456789") == "" {
			what = "did you mean " + digits + "Mi?"
		}
		k.bad(o, key, "is "+o.text(key)+", less than a process needs; "+what)
		return nil
	}
	return k.bytes(o, key, q)
}

// bytes returns a whole number of bytes.
func (k *compiler) bytes(o *Object, key string, q *resource.Quantity) *int64 {
	return k.whole(o, key, q, " of bytes, such as 64Mi")
}

// whole returns a whole number of what is named by of.
func (k *compiler) whole(o *Object, key string, q *resource.Quantity, of string) *int64 {
	if q == nil {
		return nil
	}
	value, ok := q.AsInt64()
	if !ok {
		value = q.Value()
		ok = resource.NewQuantity(value, resource.DecimalSI).Cmp(*q) == 0
	}
	if !ok || value < 0 {
		k.bad(o, key, "is "+o.text(key)+"; want a whole number"+of)
		return nil
	}
	return &value
}

// count returns a number of things, at least one.
func (k *compiler) count(o *Object, key string, n *int64) *int64 {
	if n != nil && *n < 1 {
		k.bad(o, key, fmt.Sprintf("is %d; want at least 1", *n))
		return nil
	}
	return n
}

func inCPUs(n int64) string  { return resource.NewMilliQuantity(n, resource.DecimalSI).String() }
func inBytes(n int64) string { return resource.NewQuantity(n, resource.BinarySI).String() }
func inTasks(n int64) string { return fmt.Sprint(n) }
