package seccomp_test

import (
	"testing"

	engine "github.com/containerd/containerd/v2/contrib/seccomp"
	docker "github.com/moby/profiles/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A profile is a filter that containers really have. A nil filter is none.
type profile struct {
	name   string
	filter *specs.LinuxSeccomp
}

// What engines compute filters from.
var bounding = map[string][]string{
	"no capability": nil,
	"the default capabilities": {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
		"CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
	},
	"CAP_SYS_ADMIN":  {"CAP_SYS_ADMIN"},
	"CAP_SYS_PTRACE": {"CAP_SYS_PTRACE", "CAP_SYS_NICE", "CAP_SYSLOG"},
	"all capabilities": {
		"CAP_BPF", "CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
		"CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_TIME",
		"CAP_SYS_TTY_CONFIG", "CAP_SYSLOG", "CAP_AUDIT_WRITE",
	},
}

// profiles are the default filters of containerd and Docker, and those of the
// tenants' levels.
func profiles(t *testing.T) []profile {
	t.Helper()
	var all []profile
	for with, capabilities := range bounding {
		s := &specs.Spec{
			Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: capabilities}},
			Linux:   new(specs.Linux),
		}
		all = append(all, profile{"containerd's with " + with, engine.DefaultProfile(s)})
		filter, err := docker.GetDefaultProfile(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, profile{"Docker's with " + with, filter})
		for _, level := range []tenant.Level{tenant.Baseline, tenant.Restricted} {
			all = append(all, profile{string(level) + " with " + with, rewritten(t, level, capabilities, nil)})
		}
	}
	return append(all, profile{"privileged", rewritten(t, tenant.Privileged, nil, nil)})
}

// rewritten returns what becomes of an engine's filter for a tenant of a level
// that may have some capabilities.
func rewritten(t *testing.T, level tenant.Level, exceptions []string, asked *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	t.Helper()
	policy := &tenant.Policy{Security: tenant.Security{Level: level, Exceptions: tenant.Exceptions{Capabilities: exceptions}}}
	request := &isolator.Request{Spec: &specs.Spec{Process: new(specs.Process), Linux: &specs.Linux{Seccomp: asked}}}
	facts := isolator.Facts{
		Node:     isolator.NodeFacts{Architecture: "amd64"},
		Delegate: isolator.Delegate{SeccompFlags: []string{string(seccomp.FlagTSync), string(specs.LinuxSeccompFlagLog), string(specs.LinuxSeccompFlagSpecAllow)}},
	}
	c := isolator.NewCase(policy, new(tenant.Node), facts, request)
	r := request.Clone()
	for _, i := range isolator.All() {
		if i.Name == "seccomp" {
			if err := i.Rewrite(c, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r.Spec.Linux.Seccomp
}

// podmans are what is unusual in the default filter of Podman (containers/common
// v0.60, pkg/seccomp): another error by default, and inequality beside equality.
func podmans() *specs.LinuxSeccomp {
	arg := func(index uint, op specs.LinuxSeccompOperator, value uint64) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Index: index, Value: value, Op: op}
	}
	socket := func(action specs.LinuxSeccompAction, errno *uint, args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: []string{"socket"}, Action: action, ErrnoRet: errno, Args: args}
	}
	return &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno, DefaultErrnoRet: number(enosys),
		Architectures: []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32},
		Syscalls: []specs.LinuxSyscall{
			{Names: []string{"read", "write", "close", "bind", "connect", "socketcall", "clone3", "uretprobe"}, Action: specs.ActAllow},
			{Names: []string{"bpf", "perf_event_open"}, Action: specs.ActErrno, ErrnoRet: number(1)},
			socket(specs.ActErrno, number(22), arg(0, specs.OpEqualTo, 16), arg(2, specs.OpEqualTo, 9)),
			socket(specs.ActAllow, nil, arg(2, specs.OpNotEqual, 9)),
			socket(specs.ActAllow, nil, arg(0, specs.OpNotEqual, 16)),
			socket(specs.ActAllow, nil, arg(2, specs.OpNotEqual, 9)),
		},
	}
}

const enosys = 38
