package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
paths: files of the kernel that a container does not see, or cannot write.

Owns     linux.maskedPaths, linux.readonlyPaths
Rule     Those of the floor are masked and read-only, whatever was asked; what
         the engine masks besides stays. Each path is absolute and clean.
Because  /proc and /sys show the node: where the kernel lies in memory, which
         hardware and neighbours it has and how busy they are (attack row 39);
         some of their files change it (row 38). An engine leaves all of them
         open when a client asks for it (procMount: Unmasked, systempaths=
         unconfined). A delegate skips a path that the node does not have; of
         one that is not clean each makes something else.
Escape   security.level: privileged.
*/

var _ = register(Isolator{
	Name:    "paths",
	Owns:    []string{"/spec/linux/maskedPaths", "/spec/linux/readonlyPaths"},
	Reason:  "shows or changes the node",
	Leq:     pathsLeq,
	Rewrite: hidePaths,
	Holds:   pathsHold,
})

// readonlyFloor is what containerd 2.4.2 (pkg/oci/spec.go) and moby
// (daemon/pkg/oci/defaults.go) make read-only.
var readonlyFloor = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}

// maskedFloor is what the same two mask, and more. An empty file or folder is
// noticed there by tools that look at the whole node: iostat (diskstats), lsmod
// and rocminfo (module), node exporters (pressure, thermal).
var maskedFloor = []string{
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
	"/sys/devices/virtual/powercap", "/sys/firmware",
	// The kernel: what it is, how it was started, where it lies. vmallocinfo
	// and notes have addresses too (CVE-2024-26816).
	"/proc/cmdline", "/proc/config.gz", "/proc/kallsyms", "/proc/vmallocinfo", "/sys/kernel/notes", "/sys/kernel/vmcoreinfo", "/sys/module",
	// What others do, counted. The kpage files ask for no capability.
	"/proc/diskstats", "/proc/key-users", "/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/partitions",
	"/proc/pressure", "/proc/slabinfo", "/proc/softirqs", "/sys/kernel/slab",
	"/sys/devices/virtual/thermal",
}

// maskedPaths is the floor of this node. Counters of thermal events are by CPU.
func maskedPaths(c *Case) []string {
	all := slices.Clone(maskedFloor)
	for n := range c.Facts.Node.CPUs {
		all = append(all, fmt.Sprintf("/sys/devices/system/cpu/cpu%d/thermal_throttle", n))
	}
	return all
}

func hidePaths(c *Case, r *Request) error {
	if !seesNode(c) {
		l := r.linux()
		l.MaskedPaths = withPaths(l.MaskedPaths, maskedPaths(c))
		l.ReadonlyPaths = withPaths(l.ReadonlyPaths, readonlyFloor)
	}
	return cleanPaths(r)
}

func seesNode(c *Case) bool { return c.Policy.Security.Level == tenant.Privileged }

// withPaths appends what is missing.
func withPaths(paths, floor []string) []string {
	for _, p := range floor {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

func cleanPaths(r *Request) error {
	l := valueOf(r.Spec.Linux)
	return errors.Join(cleanList("maskedPaths", l.MaskedPaths), cleanList("readonlyPaths", l.ReadonlyPaths))
}

func cleanList(field string, paths []string) error {
	for _, p := range paths {
		if !path.IsAbs(p) || path.Clean(p) != p {
			return &Denial{"paths", "linux." + field, strconv.Quote(p), "absolute and clean paths", Nothing}
		}
	}
	return nil
}

func pathsHold(c *Case, r *Request) error {
	if !seesNode(c) {
		l := valueOf(r.Spec.Linux)
		for _, list := range []struct {
			field      string
			has, floor []string
		}{
			{"maskedPaths", l.MaskedPaths, maskedPaths(c)},
			{"readonlyPaths", l.ReadonlyPaths, readonlyFloor},
		} {
			for _, p := range list.floor {
				if !slices.Contains(list.has, p) {
					return &Denial{"paths", "linux." + list.field, "without " + p, "with it", "security.level: privileged"}
				}
			}
		}
	}
	return cleanPaths(r)
}

// pathsLeq: all that the other hides is hidden, and all that it protects is
// protected or hidden.
func pathsLeq(a, b *Request) bool {
	x, y := valueOf(a.Spec.Linux), valueOf(b.Spec.Linux)
	guarded := slices.Concat(x.MaskedPaths, x.ReadonlyPaths)
	return !slices.ContainsFunc(y.MaskedPaths, func(p string) bool { return !coveredBy(x.MaskedPaths, p) }) &&
		!slices.ContainsFunc(y.ReadonlyPaths, func(p string) bool { return !coveredBy(guarded, p) })
}

func coveredBy(paths []string, p string) bool {
	return slices.Contains(paths, p) || belowOneOf(paths, p)
}
