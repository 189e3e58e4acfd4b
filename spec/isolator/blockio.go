package isolator

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
blockio: how fast a container reads and writes block devices.

Owns     linux.resources.blockIO
Rule     On cgroup v1, and for a pod's container anywhere, each device that the
         tenant's limits name is limited to at most the tenant's rates, and added
         where there is no limit; a rate of 0 is none. On v2 the tenant's cgroup
         holds the sum, and asked limits stay. Weights are pulled into the range
         that delegates take. A device has numbers that the kernel can keep.
Because  The throttles of cgroup v1 do not count what is below them (and see
         direct I/O only). A number beyond the kernel's is another device's: an
         entry for 4104:0, written last, would lift the limit of 8:0.
Escape   limits.blockIO.
*/

var _ = register(Isolator{
	Name:    "blockio",
	Owns:    []string{"/spec/linux/resources/blockIO"},
	Reason:  "the tenant's limits of block devices",
	Leq:     blockIOLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowBlockIO(c, r.resources()) },
	Update:  narrowBlockIO,
	Holds:   blockIOHolds,
})

func narrowBlockIO(c *Case, res *specs.LinuxResources) error {
	b, set := valueOf(res.BlockIO), res.BlockIO != nil
	for _, t := range throttles {
		allowed, err := t.limits(c)
		if err != nil {
			return err
		}
		list := t.list(&b)
		for i, d := range *list {
			(*list)[i].Rate = t.narrow(d.Rate, BlockDevice{d.Major, d.Minor}, allowed)
		}
		for _, l := range allowed {
			if indexOf(*list, BlockDevice{l.Major, l.Minor}) < 0 && !hasNoDefaults(c) {
				*list, set = append(*list, l), true
			}
		}
	}
	b.Weight, b.LeafWeight = clampWeight(b.Weight), clampWeight(b.LeafWeight)
	for i, w := range b.WeightDevice {
		b.WeightDevice[i].Weight, b.WeightDevice[i].LeafWeight = clampWeight(w.Weight), clampWeight(w.LeafWeight)
	}
	if set {
		res.BlockIO = &b
	}
	return plainDevices(&b)
}

// clampWeight pulls a weight into 10 to 1000: below it runc's conversion for
// cgroup v2 wraps around (cgroups 0.1.0, ConvertBlkIOToIOWeightValue). 0 is none.
func clampWeight(w *uint16) *uint16 {
	if valueOf(w) == 0 {
		return w
	}
	return new(min(max(*w, 10), 1000))
}

func plainDevices(b *specs.LinuxBlockIO) error {
	for _, w := range b.WeightDevice {
		if d := (BlockDevice{w.Major, w.Minor}); !d.valid() {
			return notADevice("weightDevice", d)
		}
	}
	for _, t := range throttles {
		for _, l := range *t.list(b) {
			if d := (BlockDevice{l.Major, l.Minor}); !d.valid() {
				return notADevice(t.field, d)
			}
		}
	}
	return nil
}

func notADevice(field string, d BlockDevice) error {
	return &Denial{"blockio", "linux.resources.blockIO." + field, "for " + d.String(), "a major number of 0 to 4095 and a minor one of 0 to 1048575", Nothing}
}

func blockIOHolds(c *Case, r *Request) error {
	b := valueOf(resourcesOf(r).BlockIO)
	for _, t := range throttles {
		allowed, err := t.limits(c)
		if err != nil {
			return err
		}
		got := t.rates(&b)
		for _, l := range allowed {
			d := BlockDevice{l.Major, l.Minor}
			rate, ok := got[d]
			if !ok && !hasNoDefaults(c) || rate > l.Rate {
				return &Denial{"blockio", "linux.resources.blockIO." + t.field, "more for " + d.String(), fmt.Sprintf("at most %d a second", l.Rate), "limits.blockIO." + t.limit}
			}
		}
	}
	return plainDevices(&b)
}

// blockIOLeq: every limit of the other, none higher, and no heavier weights.
func blockIOLeq(a, b *Request) bool {
	x, y := valueOf(resourcesOf(a).BlockIO), valueOf(resourcesOf(b).BlockIO)
	for _, t := range throttles {
		rates := t.rates(&x)
		for d, most := range t.rates(&y) {
			if rate, ok := rates[d]; !ok || rate > most {
				return false
			}
		}
	}
	if len(x.WeightDevice) != len(y.WeightDevice) {
		return false
	}
	for i, v := range x.WeightDevice {
		w := y.WeightDevice[i]
		if v.LinuxBlockIODevice != w.LinuxBlockIODevice || !weightLeq(v.Weight, w.Weight) || !weightLeq(v.LeafWeight, w.LeafWeight) {
			return false
		}
	}
	return weightLeq(x.Weight, y.Weight) && weightLeq(x.LeafWeight, y.LeafWeight)
}

func weightLeq(a, b *uint16) bool {
	x, y := valueOf(clampWeight(a)), valueOf(clampWeight(b))
	return x <= y && (x == 0) == (y == 0)
}
