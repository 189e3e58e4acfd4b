package isolator

import (
	"fmt"
	"math/bits"
)

// What the kernel accepts (kernel/sched/core.c, tg_set_cfs_bandwidth), in µs.
const (
	minPeriod     = 1_000
	maxPeriod     = 1_000_000
	defaultPeriod = 100_000
	minQuota      = 1_000
)

// A bandwidth is CPU time, quota µs in each period µs. A quota of 0 or less is
// no limit, a period of 0 the kernel's default.
type bandwidth struct {
	quota  int64
	period uint64
}

// bandwidthOf is a ceiling in thousandths of a CPU, in periods of about the
// given length where the kernel can count in them. Whole milliseconds make it
// exact, so that a higher ceiling is never less by rounding.
func bandwidthOf(milli int64, period uint64) bandwidth {
	if period < minPeriod || period > maxPeriod {
		period = defaultPeriod
	}
	milli = min(milli, 1000*maxCPUs)
	ms := int64(period / 1000)
	if milli*ms < minQuota {
		ms = (minQuota + milli - 1) / milli
	}
	return bandwidth{milli * ms, uint64(ms) * 1000}
}

// maxCPUs is more than any node has, and keeps the numbers small.
const maxCPUs = 1 << 20

// within reports whether b is no more CPU time than o.
func (b bandwidth) within(o bandwidth) bool {
	if o.quota <= 0 {
		return true
	}
	if b.quota <= 0 {
		return false
	}
	bHigh, bLow := bits.Mul64(uint64(b.quota), o.length())
	oHigh, oLow := bits.Mul64(uint64(o.quota), b.length())
	return bHigh < oHigh || bHigh == oHigh && bLow <= oLow
}

func (b bandwidth) length() uint64 {
	if b.period == 0 {
		return defaultPeriod
	}
	return b.period
}

// narrow pulls b to a ceiling in thousandths of a CPU. What is within stays as
// it is, with its period written out: a period that comes later and alone
// would else change what the quota means.
func (b bandwidth) narrow(most int64) bandwidth {
	if b.within(bandwidth{quota: most, period: 1000}) {
		return bandwidth{b.quota, b.length()}
	}
	return bandwidthOf(most, b.length())
}

// hundredth is systemd's unit of CPU time, in thousandths of a CPU.
const hundredth = 10

// inHundredths is within a ceiling also after systemd has rounded it up to its
// unit (opencontainers/cgroups 0.1.0, addCPUQuota).
func (b bandwidth) inHundredths(most int64) bandwidth {
	up := (b.quota*100 + int64(b.length()) - 1) / int64(b.length())
	if up <= most/hundredth {
		return b
	}
	return bandwidthOf(max(most/hundredth, 1)*hundredth, b.length())
}

// String is the form of cpu.max.
func (b bandwidth) String() string {
	if b.quota <= 0 {
		return fmt.Sprintf("max %d", b.length())
	}
	return fmt.Sprintf("%d %d", b.quota, b.length())
}
