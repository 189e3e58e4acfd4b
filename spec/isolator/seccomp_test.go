package isolator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/contrib/seccomp"
	"github.com/google/go-cmp/cmp"
	docker "github.com/moby/profiles/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/internal/fixture"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// The engine's default filter is what images are tested with. Whatever a new
// version of containerd adds to it is decided here, not overlooked.
func TestBaselineTakesTheseCallsFromTheEnginesFilter(t *testing.T) {
	engine, got := rewritten(t, tenant.Baseline)
	want := strings.Fields(`
		memfd_secret modify_ldt name_to_handle_at process_vm_readv process_vm_writev vmsplice
		_llseek _newselect chown32 clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 fadvise64_64 fchown32
		fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64 futex_time64 getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32
		getuid32 io_pgetevents_time64 ipc lchown32 lstat64 mmap2 mq_timedreceive_time64 mq_timedsend_time64 ppoll_time64
		pselect6_time64 recv recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64 send sendfile64
		setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 setresgid32 setresuid32 setreuid32 setuid32 sigprocmask sigreturn
		socketcall stat64 statfs64 timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 truncate64 ugetrlimit
		utimensat_time64 waitpid`)
	if d := cmp.Diff(sorted(want), taken(engine, got)); d != "" {
		t.Errorf("taken away (-want +got):\n%s", d)
	}
}

func TestRestrictedTakesTheseCallsFromBaseline(t *testing.T) {
	_, baseline := rewritten(t, tenant.Baseline)
	_, restricted := rewritten(t, tenant.Restricted)
	if d := cmp.Diff([]string{"chroot", "sync"}, taken(baseline, restricted)); d != "" {
		t.Errorf("taken away (-want +got):\n%s", d)
	}
}

// rewritten returns containerd's default filter before and after.
func rewritten(t *testing.T, level tenant.Level) (engine, got *specs.LinuxSeccomp) {
	t.Helper()
	s := &specs.Spec{
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_CHROOT"}}},
		Linux:   new(specs.Linux),
	}
	engine = seccomp.DefaultProfile(s)
	s.Linux.Seccomp = engine
	asked := &isolator.Request{Spec: s}
	c := isolator.NewCase(&tenant.Policy{Security: tenant.Security{Level: level}}, new(tenant.Node), fixture.Facts(), asked)
	r := asked.Clone()
	for _, i := range isolator.All() {
		if i.Name == "seccomp" {
			if err := i.Rewrite(c, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return engine, r.Spec.Linux.Seccomp
}

// taken lists the calls that the first filter allows in some way and the second in none.
func taken(first, second *specs.LinuxSeccomp) []string {
	left := allowedCalls(second)
	return slices.DeleteFunc(allowedCalls(first), func(name string) bool { return slices.Contains(left, name) })
}

func allowedCalls(p *specs.LinuxSeccomp) []string {
	var names []string
	for _, group := range p.Syscalls {
		if group.Action == specs.ActAllow {
			names = append(names, group.Names...)
		}
	}
	return sorted(names)
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// A Create has 2 ms for all isolators.
func BenchmarkSeccomp(b *testing.B) {
	s := &specs.Spec{
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_CHROOT"}}},
		Linux:   new(specs.Linux),
	}
	engine, err := docker.GetDefaultProfile(s)
	if err != nil {
		b.Fatal(err)
	}
	s.Linux.Seccomp = engine
	asked := &isolator.Request{Spec: s}
	c := isolator.NewCase(&tenant.Policy{Security: tenant.Security{Level: tenant.Baseline}}, new(tenant.Node), fixture.Facts(), asked)
	all := isolator.All()
	decide := all[slices.IndexFunc(all, func(i isolator.Isolator) bool { return i.Name == "seccomp" })]
	for b.Loop() {
		r := asked.Draft()
		if err := decide.Rewrite(c, r); err != nil {
			b.Fatal(err)
		}
		if err := decide.Holds(c, r); err != nil {
			b.Fatal(err)
		}
	}
}
