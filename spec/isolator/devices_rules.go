package isolator

import (
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A deviceRule is what a rule of the devices cgroup names.
type deviceRule struct {
	kinds string // "b", "c" or both
	deviceRange
}

// ruleOf reads a rule as delegates do: without a type, or with type "a", it is
// about everything, whatever its numbers and letters are (runc 1.5.2,
// devices_emulator.go; Linux, Documentation/admin-guide/cgroup-v1/devices.rst).
// A number below 0 is any (devicefilter.go), and so is a type that nobody knows,
// of which crun reads the first letter alone.
func ruleOf(r specs.LinuxDeviceCgroup) deviceRule {
	d := deviceRule{"bc", deviceRange{0, every, every, anyAccess}}
	if r.Type != "b" && r.Type != "c" {
		return d
	}
	d.kinds, d.kind = r.Type, r.Type[0]
	d.access, _ = accessOf(r.Access)
	if r.Major != nil {
		d.major = max(*r.Major, every)
	}
	if r.Minor != nil {
		d.minor = max(*r.Minor, every)
	}
	return d
}

// one reports a rule for a single device.
func (r deviceRule) one() bool { return len(r.kinds) == 1 && r.major != every && r.minor != every }

// deniesAll reports the rule that all others follow. It is complete, so that
// every delegate reads it so.
func deniesAll(r specs.LinuxDeviceCgroup) bool {
	whole := func(n *int64) bool { return n == nil || *n == every }
	access, _ := accessOf(r.Access)
	return !r.Allow && (r.Type == "" || r.Type == "a") && whole(r.Major) && whole(r.Minor) && access == anyAccess
}

// narrowRules returns the rules with nothing allowed that the tenant has not,
// and those that asked for another device, or for many.
func (g grants) narrowRules(c *Case, rules []specs.LinuxDeviceCgroup) (kept, beyond []specs.LinuxDeviceCgroup) {
	for _, r := range rules {
		if !r.Allow || g.cover(r) {
			kept = append(kept, r)
			continue
		}
		rule := ruleOf(r)
		if len(rule.kinds) > 1 {
			kept = kept[:0] // it overrules what stands before it
		}
		kept = append(kept, g.within(rule)...)
		if !rule.one() || g.access(rule.deviceRange) == makeNode && !isConsole(rule.deviceRange) {
			beyond = append(beyond, r)
		}
	}
	if len(rules) == 0 && restrainsByItself(c) {
		return nil, nil
	}
	if len(kept) == 0 || !deniesAll(kept[0]) {
		kept = slices.Insert(kept, 0, specs.LinuxDeviceCgroup{Allow: false, Access: anyAccess.String()})
	}
	return kept, beyond
}

// isConsole: every engine's default rules have the node's console.
func isConsole(d deviceRange) bool { return d.kind == 'c' && d.major == 5 && d.minor == 1 }

// cover reports whether the tenant may have all that a rule allows.
func (g grants) cover(r specs.LinuxDeviceCgroup) bool {
	rule := ruleOf(r)
	if _, plain := accessOf(r.Access); !plain {
		return false
	}
	for _, kind := range []byte(rule.kinds) {
		rule.kind = kind
		if rule.access&^g.access(rule.deviceRange) != 0 {
			return false
		}
	}
	return true
}

// within returns what the tenant may have of what a rule allows, a rule for each
// of the tenant's devices. Making nodes alone needs no rule: delegates add it.
func (g grants) within(rule deviceRule) []specs.LinuxDeviceCgroup {
	var parts []specs.LinuxDeviceCgroup
	for _, has := range g {
		major, together := commonNumber(rule.major, has.major)
		minor, alike := commonNumber(rule.minor, has.minor)
		access := rule.access & (has.access | makeNode)
		if !together || !alike || !strings.ContainsRune(rule.kinds, rune(has.kind)) || access&^makeNode == 0 {
			continue
		}
		parts = append(parts, specs.LinuxDeviceCgroup{
			Allow: true, Type: string(has.kind), Major: major, Minor: minor, Access: access.String(),
		})
	}
	return parts
}

// commonNumber returns the numbers that are in both, nil for every one.
func commonNumber(a, b int64) (number *int64, some bool) {
	switch {
	case a == b && a == every:
		return nil, true
	case a == every:
		return &b, true
	case b == every || a == b:
		return &a, true
	}
	return nil, false
}

func sameRule(a, b specs.LinuxDeviceCgroup) bool {
	number := func(n *int64) int64 {
		if n == nil {
			return every
		}
		return *n
	}
	return a.Allow == b.Allow && a.Type == b.Type && a.Access == b.Access &&
		number(a.Major) == number(b.Major) && number(a.Minor) == number(b.Minor)
}
