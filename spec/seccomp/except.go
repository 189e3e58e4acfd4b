package seccomp

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Except returns rules that allow a call unless the lower 32 bits of an argument
// have one of some values. The kernel looks at no more of an int, so that a
// comparison of all 64 bits is walked around (CVE-2019-10063).
func Except(name string, index uint, values ...uint32) []specs.LinuxSyscall {
	var taken []rule
	for _, v := range values {
		for _, c := range usables(newMasked(index, narrow, uint64(v))) {
			taken = append(taken, rule{c})
		}
	}
	w := newWork()
	var rules []specs.LinuxSyscall
	for _, r := range w.disjoint(w.minus(always, taken)) {
		for _, part := range w.masks(r) {
			rules = append(rules, specs.LinuxSyscall{Names: []string{name}, Action: specs.ActAllow, Args: part.write(true)})
		}
	}
	return rules
}
