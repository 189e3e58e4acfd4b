package isolator

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A throttle is one kind of limit of a block device: bytes or operations a
// second, of reads or of writes.
type throttle struct {
	field string // of linux.resources.blockIO
	key   string // in a line of io.max
	limit string // of limits.blockIO
	list  func(*specs.LinuxBlockIO) *[]specs.LinuxThrottleDevice
	most  func(*tenant.BlockIO) *int64
	top   uint64 // what the kernel can count
}

// An operation limit is kept in 32 bits; cgroup v1 cuts a larger one, so that
// 2^32 is 0 (block/blk-throttle.c, tg_set_conf_uint).
var throttles = []throttle{
	{"throttleReadBpsDevice", "rbps", "readBytesPerSecond",
		func(b *specs.LinuxBlockIO) *[]specs.LinuxThrottleDevice { return &b.ThrottleReadBpsDevice },
		func(l *tenant.BlockIO) *int64 { return l.ReadBytesPerSecond }, math.MaxUint64},
	{"throttleWriteBpsDevice", "wbps", "writeBytesPerSecond",
		func(b *specs.LinuxBlockIO) *[]specs.LinuxThrottleDevice { return &b.ThrottleWriteBpsDevice },
		func(l *tenant.BlockIO) *int64 { return l.WriteBytesPerSecond }, math.MaxUint64},
	{"throttleReadIOPSDevice", "riops", "readIOPS",
		func(b *specs.LinuxBlockIO) *[]specs.LinuxThrottleDevice { return &b.ThrottleReadIOPSDevice },
		func(l *tenant.BlockIO) *int64 { return l.ReadIOPS }, math.MaxUint32},
	{"throttleWriteIOPSDevice", "wiops", "writeIOPS",
		func(b *specs.LinuxBlockIO) *[]specs.LinuxThrottleDevice { return &b.ThrottleWriteIOPSDevice },
		func(l *tenant.BlockIO) *int64 { return l.WriteIOPS }, math.MaxUint32},
}

// limits are the tenant's, one a device, where each container carries them: on
// cgroup v1, whose throttles have no hierarchy, and in a pod, which is not below
// the tenant's cgroup. Elsewhere that cgroup holds the sum, and there are none.
// A device that nobody found out is an error: it would not be limited.
func (t throttle) limits(c *Case) ([]specs.LinuxThrottleDevice, error) {
	if c.Facts.Engine != CRI && c.Facts.Node.Cgroup == "v2" {
		return nil, nil
	}
	var all []specs.LinuxThrottleDevice
	for i := range c.Policy.Limits.BlockIO {
		l := &c.Policy.Limits.BlockIO[i]
		device, ok := c.Facts.BlockDevices[l.Device]
		if !ok {
			return nil, fmt.Errorf("limits.blockIO names %s, and which device that is was not found out", l.Device)
		}
		most := t.most(l)
		if most == nil {
			continue
		}
		d := specs.LinuxThrottleDevice{Rate: min(uint64(*least(most, nil)), t.top)}
		d.Major, d.Minor = device.Major, device.Minor
		if n := indexOf(all, device); n >= 0 { // two paths of one device
			all[n].Rate = min(all[n].Rate, d.Rate)
			continue
		}
		all = append(all, d)
	}
	return all, nil
}

// narrow is a rate within what is allowed for its device. A rate of 0 is none.
func (t throttle) narrow(rate uint64, device BlockDevice, allowed []specs.LinuxThrottleDevice) uint64 {
	if n := indexOf(allowed, device); n >= 0 {
		return min(rateOf(rate), allowed[n].Rate)
	}
	return min(rate, t.top)
}

// rates are what a delegate sets: of two entries of a device the last holds,
// since each is written in its turn (runc 1.5.2, crun 1.29.1).
func (t throttle) rates(b *specs.LinuxBlockIO) map[BlockDevice]uint64 {
	rates := map[BlockDevice]uint64{}
	for _, d := range *t.list(b) {
		rates[BlockDevice{d.Major, d.Minor}] = rateOf(d.Rate)
	}
	return rates
}

// rateOf is a rate to compare. 0 lifts a limit on cgroup v1 and is refused by
// the kernel on v2.
func rateOf(rate uint64) uint64 {
	if rate == 0 {
		return math.MaxUint64
	}
	return rate
}

func indexOf(all []specs.LinuxThrottleDevice, d BlockDevice) int {
	return slices.IndexFunc(all, func(o specs.LinuxThrottleDevice) bool { return o.Major == d.Major && o.Minor == d.Minor })
}

// valid: the kernel keeps a major number in 12 bits and a minor one in 20
// (include/linux/kdev_t.h) and reads larger ones as another device's.
func (d BlockDevice) valid() bool {
	return d.Major >= 0 && d.Major < 1<<12 && d.Minor >= 0 && d.Minor < 1<<20
}

func (d BlockDevice) String() string { return fmt.Sprintf("%d:%d", d.Major, d.Minor) }

// deviceFrom reads "8:0", in the form that the kernel prints.
func deviceFrom(s string) (BlockDevice, bool) {
	major, minor, _ := strings.Cut(s, ":")
	x, errX := strconv.ParseInt(major, 10, 32)
	y, errY := strconv.ParseInt(minor, 10, 32)
	d := BlockDevice{x, y}
	return d, errX == nil && errY == nil && d.valid() && d.String() == s
}
