package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Plain returns the filter as it is but for what Meet never has: a listener
// and the flags that weaken. Calls that the listener would decide are denied.
func Plain(p *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	if p == nil {
		return nil
	}
	plain := *p
	plain.ListenerPath, plain.ListenerMetadata = "", ""
	plain.Flags = harmless(p.Flags)
	plain.Syscalls = slices.Clone(p.Syscalls)
	for i, group := range plain.Syscalls {
		if group.Action == specs.ActNotify {
			plain.Syscalls[i].Action, plain.Syscalls[i].ErrnoRet = specs.ActErrno, nil
		}
	}
	return &plain
}

// harmless returns the flags that grant nothing: what is denied is logged, or
// all threads get the filter. SPEC_ALLOW switches off a mitigation, the others
// serve a listener (attack row 19).
func harmless(flags []specs.LinuxSeccompFlag) []specs.LinuxSeccompFlag {
	var kept []specs.LinuxSeccompFlag
	for _, f := range []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog, FlagTSync} {
		if slices.Contains(flags, f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// FlagTSync is a flag of seccomp(2) that runtime-spec 1.3.0 does not name and
// runc knows and ignores.
const FlagTSync specs.LinuxSeccompFlag = "SECCOMP_FILTER_FLAG_TSYNC"
