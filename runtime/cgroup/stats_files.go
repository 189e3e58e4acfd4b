package cgroup

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/cgroups"
)

// unified reads cgroup v2, whose files count a cgroup with all below it.
// Source: Documentation/admin-guide/cgroup-v2.rst.
func (l *look) unified() {
	l.keyed("cpu.stat", map[string]amount{
		"usage_usec": {CPUUsage, 1e-6}, "nr_periods": {CPUPeriods, 1}, "nr_throttled": {CPUThrottledPeriods, 1}, "throttled_usec": {CPUThrottled, 1e-6},
	})
	l.number("memory.current", amount{Memory, 1})
	l.keyed("memory.stat", map[string]amount{"active_file": {MemoryCache, 1}, "inactive_file": {MemoryCache, 1}})
	l.number("memory.swap.current", amount{Swap, 1})
	l.keyed("memory.events", map[string]amount{"high": {MemoryHigh, 1}, "oom_kill": {OOMKilled, 1}})
	l.number("pids.current", amount{Pids, 1})
	l.devices()
	l.pressure("cpu.pressure", CPUPressure, CPUWaiting)
	l.pressure("memory.pressure", MemoryPressure, MemoryWaiting)
	l.pressure("io.pressure", IOPressure, IOWaiting)
}

// devices reads io.stat: "8:0 rbytes=180224 wbytes=0 rios=3 wios=0 …".
func (l *look) devices() {
	content, ok := l.text("io.stat")
	if !ok {
		return
	}
	l.counters(IORead, IOWritten, IOReads, IOWrites)
	keys := map[string]amount{"rbytes": {IORead, 1}, "wbytes": {IOWritten, 1}, "rios": {IOReads, 1}, "wios": {IOWrites, 1}}
	for _, word := range strings.Fields(content) {
		key, number, _ := strings.Cut(word, "=")
		if to, wanted := keys[key]; wanted {
			l.add(to, number)
		}
	}
}

// pressure reads "some avg10=0.12 avg60=0.05 avg300=0.01 total=81920": percent,
// and microseconds. Source: Documentation/accounting/psi.rst.
func (l *look) pressure(file string, ratio, waiting Figure) {
	content, _ := l.text(file)
	for line := range strings.Lines(content) {
		some, isSome := strings.CutPrefix(line, "some ")
		if !isSome {
			continue
		}
		for _, word := range strings.Fields(some) {
			switch key, number, _ := strings.Cut(word, "="); key {
			case "avg10":
				l.add(amount{ratio, 0.01}, number)
			case "total":
				l.add(amount{waiting, 1e-6}, number)
			}
		}
	}
}

// legacy reads cgroup v1, where only some files count what is below, too.
// Source: Documentation/admin-guide/cgroup-v1/.
func (l *look) legacy() {
	l.number("cpuacct.usage", amount{CPUUsage, 1e-9})
	l.keyed("cpu.stat", map[string]amount{"nr_periods": {CPUPeriods, 1}, "nr_throttled": {CPUThrottledPeriods, 1}, "throttled_time": {CPUThrottled, 1e-9}})
	l.number("memory.usage_in_bytes", amount{Memory, 1})
	l.keyed("memory.stat", map[string]amount{"total_active_file": {MemoryCache, 1}, "total_inactive_file": {MemoryCache, 1}, "total_swap": {Swap, 1}})
	l.number("pids.current", amount{Pids, 1})
	l.transfers("blkio.throttle.io_service_bytes_recursive", IORead, IOWritten)
	l.transfers("blkio.throttle.io_serviced_recursive", IOReads, IOWrites)
}

// transfers reads lines "8:0 Read 4096".
func (l *look) transfers(file string, read, written Figure) {
	content, ok := l.text(file)
	if !ok {
		return
	}
	l.counters(read, written)
	for line := range strings.Lines(content) {
		switch words := strings.Fields(line); {
		case len(words) != 3:
		case words[1] == "Read":
			l.add(amount{read, 1}, words[2])
		case words[1] == "Write":
			l.add(amount{written, 1}, words[2])
		}
	}
}

// kills adds up what cgroup v1 counts for each cgroup by itself
// (memory.oom_control, oom_kill, since Linux 4.13).
func (l *look) kills(r *Reading) {
	if n, known := r.killsBelow(l.m.Path("memory")); known {
		l.figures[OOMKilled] = n
	}
}

// killsBelow is not known where the kernel does not count.
func (r *Reading) killsBelow(dir string) (sum float64, known bool) {
	if sum, known = r.kills[dir]; known {
		return sum, true
	}
	content, err := cgroups.ReadFile(dir, "memory.oom_control")
	if err != nil {
		return 0, false // gone meanwhile
	}
	own := look{figures: map[Figure]float64{}}
	for line := range strings.Lines(content) {
		if number, found := strings.CutPrefix(line, "oom_kill "); found {
			own.add(amount{OOMKilled, 1}, strings.TrimSpace(number))
		}
	}
	if sum, known = own.figures[OOMKilled]; !known {
		return 0, false
	}
	entries, _ := os.ReadDir(dir) // as far as it is still there
	for _, e := range entries {
		if e.IsDir() {
			below, _ := r.killsBelow(filepath.Join(dir, e.Name()))
			sum += below
		}
	}
	r.kills[dir] = sum
	return sum, true
}
