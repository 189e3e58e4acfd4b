package isolator

import (
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// byItself are the rules that delegates add after those of the spec. Source:
// what runc 1.1.5 and 1.5.2 (AllowedDevices) and crun 1.8.1 (default_devices)
// have in common.
var byItself = append([]deviceRange{{'c', every, every, makeNode}, {'b', every, every, makeNode}}, defaultDevices...)

// accessTo is what rules leave a container of one device: the last one that
// names it decides. No rules are no restraint, as to crun.
func accessTo(d deviceRange, rules []specs.LinuxDeviceCgroup) deviceAccess {
	if len(rules) == 0 {
		return anyAccess
	}
	var got deviceAccess
	for _, r := range rules {
		switch rule := ruleOf(r); {
		case !slices.Contains([]byte(rule.kinds), d.kind) || !rule.has(d):
		case r.Allow:
			got |= rule.access
		default:
			got &^= rule.access
		}
	}
	for _, own := range byItself {
		if own.kind == d.kind && own.has(d) {
			got |= own.access
		}
	}
	return got
}

func (r deviceRange) has(d deviceRange) bool {
	return (r.major == every || r.major == d.major) && (r.minor == every || r.minor == d.minor)
}

// devicesLeq: no node that the other has not, and of no device more access.
func devicesLeq(a, b *Request) bool {
	nodesA, rulesA := devicesIn(a)
	nodesB, rulesB := devicesIn(b)
	for _, n := range nodesA {
		if !slices.ContainsFunc(nodesB, func(m specs.LinuxDevice) bool { return nodeLeq(n, m) }) {
			return false
		}
	}
	majors, minors := numbersIn(rulesA, rulesB)
	for _, kind := range []byte("bc") {
		for _, major := range majors {
			for _, minor := range minors {
				d := deviceRange{kind: kind, major: major, minor: minor}
				if accessTo(d, rulesA)&^accessTo(d, rulesB) != 0 {
					return false
				}
			}
		}
	}
	return true
}

// numbersIn are those that any rule tells apart, and one that none does.
func numbersIn(lists ...[]specs.LinuxDeviceCgroup) (majors, minors []int64) {
	const none = 1 << 62
	majors, minors = []int64{none}, []int64{none}
	for _, own := range byItself {
		majors, minors = append(majors, own.major), append(minors, own.minor)
	}
	for _, r := range slices.Concat(lists...) {
		rule := ruleOf(r)
		majors, minors = append(majors, rule.major), append(minors, rule.minor)
	}
	distinct := func(numbers []int64) []int64 {
		slices.Sort(numbers)
		return slices.DeleteFunc(slices.Compact(numbers), func(n int64) bool { return n == every })
	}
	return distinct(majors), distinct(minors)
}

// nodeLeq: the same node, with no mode beyond the other's.
func nodeLeq(a, b specs.LinuxDevice) bool {
	owner := func(id *uint32) uint32 {
		if id == nil {
			return 0
		}
		return *id
	}
	mode := func(m *os.FileMode) os.FileMode {
		if m == nil {
			return nodeMode // runc's and crun's default
		}
		return *m
	}
	return a.Path == b.Path && a.Type == b.Type && a.Major == b.Major && a.Minor == b.Minor &&
		owner(a.UID) == owner(b.UID) && owner(a.GID) == owner(b.GID) && mode(a.FileMode)&^mode(b.FileMode) == 0
}
