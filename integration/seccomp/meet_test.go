// Package seccomp_test proves spec/seccomp with runc's and libseccomp's own
// reading of filters.
package seccomp_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	seccompbpf "github.com/bulkhead-dev/bulkhead/integration/seccomp"
	"github.com/bulkhead-dev/bulkhead/spec/seccomp"
)

var (
	pairs = flag.Int("pairs", 1000, "generated pairs of filters to compare")
	seeds = flag.Uint64("seed", 1, "what they are generated from")
)

func compiler(t *testing.T) *seccompbpf.Compiler {
	t.Helper()
	c, err := seccompbpf.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("end the compiler: %v", err)
		}
	})
	return c
}

// The meet of two of them denies nothing that both allow, also in how.
func TestMeetOfRealProfilesIsTheStricterOfBoth(t *testing.T) {
	c, count := compiler(t), new(seccompbpf.Count)
	all := profiles(t)
	for _, a := range all {
		for _, b := range all {
			if a.filter == nil && b.filter == nil {
				continue
			}
			if err := c.Compare(a.filter, b.filter, rand.New(rand.NewPCG(1, 1)), count); err != nil {
				t.Errorf("%s and %s: %v", a.name, b.name, err)
			}
		}
	}
	t.Log(count)
	if count.Refused+count.Hanging+count.Long+count.Beyond+count.Harder+count.Sampled+count.Errnos > 0 {
		t.Error("want every pair compared in full, nothing denied beyond both, and the same errors")
	}
}

// Where both filters allow what they do not name, the meet allows what has a
// name: all calls of Linux 5.16, the newest that libseccomp 2.5.4 knows.
func TestMeetOfOpenFiltersAllowsWhatHasAName(t *testing.T) {
	c := compiler(t)
	open := &specs.LinuxSeccomp{
		DefaultAction: specs.ActAllow,
		Syscalls:      []specs.LinuxSyscall{{Names: []string{"bpf"}, Action: specs.ActErrno}},
	}
	for _, other := range []*specs.LinuxSeccomp{nil, open} {
		if err := c.Compare(open, other, rand.New(rand.NewPCG(1, 1)), new(seccompbpf.Count)); err != nil {
			t.Error(err)
		}
		p, _, err := c.Compile(seccomp.Meet(open, other))
		if err != nil {
			t.Fatal(err)
		}
		for n := range uint32(unix.SYS_FUTEX_WAITV + 1) {
			want := seccompbpf.Answer{Class: seccompbpf.Allow}
			switch {
			case n == unix.SYS_BPF:
				want = seccompbpf.Answer{Class: seccompbpf.Error, Errno: uint16(unix.EPERM)}
			case n > unix.SYS_RSEQ && n < unix.SYS_PIDFD_SEND_SIGNAL:
				want = seccompbpf.Answer{Class: seccompbpf.Error, Errno: uint16(unix.ENOSYS)}
			}
			if got := p.Answer(&seccompbpf.Call{Number: n, Architecture: unix.AUDIT_ARCH_X86_64}); got != want {
				t.Errorf("call %d: %+v, want %+v", n, got, want)
			}
		}
	}
}

// Filters that people write by hand.
func TestMeetOfOtherProfilesDeniesNothingThatBothAllow(t *testing.T) {
	c, count := compiler(t), new(seccompbpf.Count)
	deny := func(names ...string) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: names, Action: specs.ActErrno}
	}
	killing := *containerds()
	killing.DefaultAction = specs.ActKillProcess
	open := &specs.LinuxSeccomp{
		DefaultAction: specs.ActAllow,
		Architectures: killing.Architectures,
		Syscalls: []specs.LinuxSyscall{deny("keyctl", "bpf", "mount", "umount2"), {
			Names: []string{"socket"}, Action: specs.ActErrno, ErrnoRet: number(97),
			Args: []specs.LinuxSeccompArg{{Index: 0, Value: 38, Op: specs.OpEqualTo}},
		}},
	}
	others := []profile{{"Podman's", podmans()}, {"one that kills", &killing}, {"a list of what is denied", open}}
	for _, a := range others {
		for _, b := range append(profiles(t), others...) {
			if a.filter == open && (b.filter == open || b.filter == nil) {
				continue // see TestMeetOfOpenFiltersAllowsWhatHasAName
			}
			if err := c.Compare(a.filter, b.filter, rand.New(rand.NewPCG(1, 1)), count); err != nil {
				t.Errorf("%s and %s: %v", a.name, b.name, err)
			}
		}
	}
	t.Log(count)
	if count.Refused+count.Hanging+count.Long+count.Beyond+count.Harder > 0 {
		t.Error("want every pair compared, and nothing denied beyond both")
	}
}

// Of filters of every kind, the meet is never less strict.
func TestMeetOfGeneratedFiltersIsNeverLessStrict(t *testing.T) {
	c, count := compiler(t), new(seccompbpf.Count)
	for seed := range uint64(*pairs) {
		r := rand.New(rand.NewPCG(*seeds, seed))
		g := generator{r}
		a, b := g.filter(), g.filter()
		if err := c.Compare(a, b, r, count); err != nil {
			t.Errorf("%v\nfirst: %s\nsecond: %s\nmeet: %s", err, text(a), text(b), text(seccomp.Meet(a, b)))
			if t.Failed() {
				break
			}
		}
	}
	t.Log(count)
	if compared := count.Pairs - count.Refused - count.Hanging - count.Long; compared < *pairs/2 {
		t.Errorf("only %d pairs were compared", compared)
	}
}

func text(f *specs.LinuxSeccomp) string {
	data, _ := json.Marshal(f)
	return string(data)
}
