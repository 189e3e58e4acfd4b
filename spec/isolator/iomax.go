package isolator

import (
	"slices"
	"strconv"
	"strings"
)

// An ioLimit is one word of a line of io.max: "rbps=1048576" for a device.
type ioLimit struct {
	device BlockDevice
	kind   int // of throttles
	rate   int64
}

// ioMaxFrom reads the lines of io.max, as the kernel prints them.
func ioMaxFrom(value string) (all []ioLimit, ok bool) {
	for line := range strings.Lines(value) {
		words := strings.Fields(line)
		if len(words) < 2 {
			return nil, false
		}
		device, ok := deviceFrom(words[0])
		if !ok {
			return nil, false
		}
		for _, w := range words[1:] {
			key, number, _ := strings.Cut(w, "=")
			kind := slices.IndexFunc(throttles, func(t throttle) bool { return t.key == key })
			rate, ok := countIn(number)
			if kind < 0 || !ok || rate == 0 {
				return nil, false
			}
			all = append(all, ioLimit{device, kind, rate})
		}
	}
	return all, value != ""
}

// narrowIOMax holds each line to what the device's field of its own may have.
// What a line leaves out stays as that field has it.
func narrowIOMax(c *Case, _, value string) (string, bool) {
	asked, ok := ioMaxFrom(value)
	if !ok {
		return value, false
	}
	narrowed := slices.Clone(asked)
	for kind, t := range throttles {
		allowed, err := t.limits(c)
		if err != nil {
			return value, false
		}
		for i, l := range asked {
			if n := indexOf(allowed, l.device); n >= 0 && l.kind == kind && uint64(l.rate) > allowed[n].Rate {
				narrowed[i].rate = int64(allowed[n].Rate)
			}
		}
	}
	if slices.Equal(asked, narrowed) {
		return value, true
	}
	return ioMaxText(narrowed), true
}

// ioMaxText is a line for each limit, in the order that they came: the last one
// of two holds.
func ioMaxText(all []ioLimit) string {
	lines := make([]string, len(all))
	for i, l := range all {
		rate := "max"
		if l.rate < unlimited {
			rate = strconv.FormatInt(l.rate, 10)
		}
		lines[i] = l.device.String() + " " + throttles[l.kind].key + "=" + rate
	}
	return strings.Join(lines, "\n")
}

// ioMaxLeq: every limit of the other, none higher. No file is no limit.
func ioMaxLeq(a, b string) bool {
	x, ok := ioRates(a)
	y, both := ioRates(b)
	for key, most := range y {
		if rate, has := x[key]; !has || rate > most {
			return false
		}
	}
	return ok && both
}

// ioRates are the limits in force, with a rate of 0 in the keys.
func ioRates(value string) (map[ioLimit]int64, bool) {
	if value == "max" {
		return nil, true
	}
	all, ok := ioMaxFrom(value)
	rates := map[ioLimit]int64{}
	for _, l := range all {
		rates[ioLimit{l.device, l.kind, 0}] = l.rate
	}
	return rates, ok
}
