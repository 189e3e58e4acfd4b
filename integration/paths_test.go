package integration

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// leaks are what shows the node to a container (attack row 39), and what some
// kernels do not have.
var leaks = []string{
	"/proc/acpi", "/proc/asound", "/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/interrupts", "/proc/kallsyms", "/proc/kcore",
	"/proc/key-users", "/proc/keys", "/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/partitions",
	"/proc/pressure", "/proc/sched_debug", "/proc/scsi", "/proc/slabinfo", "/proc/softirqs", "/proc/timer_list", "/proc/timer_stats",
	"/proc/vmallocinfo", "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal", "/sys/firmware", "/sys/kernel/notes",
	"/sys/kernel/slab", "/sys/kernel/vmcoreinfo", "/sys/module",
}

// guarded are what changes the node when it is written.
var guarded = []string{"/proc/irq/default_smp_affinity", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"}

// unmasked asks for a container that hides nothing of the kernel, as procMount:
// Unmasked and systempaths=unconfined do.
func unmasked(r node.Run) node.Run {
	r.Spec = append(slices.Clone(r.Spec), oci.WithMaskedPaths(nil), oci.WithReadonlyPaths(nil))
	return r
}

// sees returns how much of each path a container sees: the first byte of a file,
// the names in a folder.
func (s *stage) sees(r node.Run, paths []string) map[string]int {
	s.Helper()
	return s.tells(r, `if [ -d $f ]; then ls -A $f | wc -l; else head -c 1 $f 2>/dev/null | wc -c; fi`, paths)
}

// writes returns 1 for each file that a container could write. It opens them, and
// writes nothing.
func (s *stage) writes(r node.Run, paths []string) map[string]int {
	s.Helper()
	return s.tells(r, `if (: >>$f) 2>/dev/null; then echo 1; else echo 0; fi`, paths)
}

// tells runs a line of shell for each path that is there, and returns the
// number that it prints.
func (s *stage) tells(r node.Run, line string, paths []string) map[string]int {
	s.Helper()
	r.Args = []string{"sh", "-c", "for f in " + strings.Join(paths, " ") + "; do [ -e $f ] && echo $f $(" + line + "); done; echo end 0"}
	c := s.start(r)
	s.number(c.Process, "end")
	told := map[string]int{}
	for _, p := range paths {
		if strings.Contains(c.Stdout.String(), p+" ") {
			told[p] = s.number(c.Process, p)
		}
	}
	return told
}

// found are the paths of which a container has something.
func found(told map[string]int) []string {
	return slices.Sorted(maps.Keys(maps.Collect(func(yield func(string, int) bool) {
		for p, n := range told {
			if n > 0 && !yield(p, n) {
				return
			}
		}
	})))
}

func TestWhatShowsTheNodeIsHidden(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		throttles, err := filepath.Glob("/sys/devices/system/cpu/cpu*/thermal_throttle")
		s.must(err)
		paths := append(slices.Clone(leaks), throttles...)
		for name, r := range map[string]node.Run{"asked for nothing": s.sleeper("acme"), "asked for all": unmasked(s.sleeper("acme"))} {
			if seen := found(s.sees(r, paths)); len(seen) > 0 {
				s.Errorf("%s: it sees something of %v", name, seen)
			}
		}
		control := s.sees(stock(unmasked(s.sleeper("acme"))), paths)
		s.Logf("under the stock shim a container sees %d of the %d paths that are there: %v", len(found(control)), len(control), found(control))
		for _, p := range leaks {
			if showsAlone(p) && control[p] == 0 {
				s.Errorf("under the stock shim the container sees nothing of %s, which this node has: nothing was shown", p)
			}
		}
		if seen := found(s.sees(stock(s.sleeper("acme")), []string{"/proc/kallsyms", "/proc/slabinfo", "/sys/module"})); len(seen) != 3 {
			s.Errorf("of what an engine leaves open the stock container sees %v", seen)
		}
	})
}

// showsAlone reports a path of this node that root without a capability can
// read, and that is not empty.
func showsAlone(path string) bool {
	if slices.Contains([]string{"/proc/kcore", "/proc/keys"}, path) {
		return false // need CAP_SYS_RAWIO, and a key
	}
	entries, err := os.ReadDir(path)
	if err == nil {
		return len(entries) > 0
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	n, _ := f.Read(make([]byte, 8))
	return n > 0
}

func TestWhatChangesTheNodeCannotBeWritten(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		if written := found(s.writes(unmasked(s.sleeper("acme")), guarded)); len(written) > 0 {
			s.Errorf("it can write %v", written)
		}
		control := found(s.writes(stock(unmasked(s.sleeper("acme"))), guarded))
		for _, p := range guarded {
			if exists(p) && !slices.Contains(control, p) {
				s.Errorf("under the stock shim the container cannot write %s: nothing was shown", p)
			}
		}
	})
}

func TestAPrivilegedTenantSeesWhatItAsksFor(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "security: {level: privileged}"}}, func(s *stage) {
		paths := []string{"/proc/kallsyms", "/proc/slabinfo", "/sys/module"}
		if seen := found(s.sees(unmasked(s.sleeper("acme")), paths)); len(seen) != len(paths) {
			s.Errorf("it sees %v, want %v", seen, paths)
		}
	})
}
