package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// Figure names one number of a cgroup and of all below it. Its unit is in its
// name, as Prometheus has it; one that ends in "_total" only grows while the
// cgroup exists.
type Figure string

const (
	CPUUsage            Figure = "cpu_usage_seconds_total"
	CPUPeriods          Figure = "cpu_periods_total" // in which it ran, while it has a quota
	CPUThrottledPeriods Figure = "cpu_throttled_periods_total"
	CPUThrottled        Figure = "cpu_throttled_seconds_total"
	Memory              Figure = "memory_usage_bytes" // with page cache
	MemoryCache         Figure = "memory_cache_bytes" // page cache, which the kernel can take back
	Swap                Figure = "memory_swap_bytes"
	MemoryHigh          Figure = "memory_high_events_total" // cgroup v2
	OOMKilled           Figure = "oom_kills_total"          // processes
	Pids                Figure = "pids"
	IORead              Figure = "io_read_bytes_total"
	IOWritten           Figure = "io_written_bytes_total"
	IOReads             Figure = "io_reads_total"
	IOWrites            Figure = "io_writes_total"
	CPUWaiting          Figure = "pressure_cpu_waiting_seconds_total" // cgroup v2 with PSI, as the rest
	MemoryWaiting       Figure = "pressure_memory_waiting_seconds_total"
	IOWaiting           Figure = "pressure_io_waiting_seconds_total"
	CPUPressure         Figure = "pressure_cpu_ratio" // share of the last 10 s in which some task waited
	MemoryPressure      Figure = "pressure_memory_ratio"
	IOPressure          Figure = "pressure_io_ratio"
)

// Counts reports whether the figure only grows.
func (f Figure) Counts() bool { return strings.HasSuffix(string(f), "_total") }

// Together is the figure of two cgroups beside each other. The times in which
// tasks of one and of the other waited overlap: of those the longer counts.
func (f Figure) Together(a, b float64) float64 {
	if strings.HasPrefix(string(f), "pressure_") {
		return max(a, b)
	}
	return a + b
}

// Stats is what the kernel says of a cgroup. A figure that this kernel does not
// have is absent, and not 0.
type Stats struct {
	// ID tells a cgroup from an earlier one at the same place, whose counts are
	// gone with it.
	ID      uint64
	Figures map[Figure]float64
}

// Reading is one look at many cgroups. It reads each file once, also where
// cgroups are below each other.
type Reading struct {
	kills map[string]float64 // by directory, of all below it; cgroup v1
}

// NewReading begins a look.
func NewReading() *Reading { return &Reading{map[string]float64{}} }

// Stats reads a place. Its error is fs.ErrNotExist when no cgroup is there.
func (r *Reading) Stats(place string) (Stats, error) {
	m, err := open(place)
	if err != nil {
		return Stats{}, err
	}
	info := new(unix.Stat_t)
	if err := unix.Stat(m.Path("memory"), info); err != nil {
		return Stats{}, &os.PathError{Op: "stat", Path: m.Path("memory"), Err: err}
	}
	l := look{m: m, figures: map[Figure]float64{}}
	if v2() {
		l.unified()
	} else {
		l.legacy()
		l.kills(r)
	}
	return Stats{info.Ino, l.figures}, errors.Join(l.errs...)
}

// look collects the figures of one cgroup.
type look struct {
	m       cgroups.Manager
	figures map[Figure]float64
	errs    []error
}

// amount is a figure that a number of the kernel's adds to.
type amount struct {
	Figure
	unit float64
}

// text is the content of a file; not ok when the kernel does not have it, or
// the cgroup went meanwhile. ENOTSUP is that of a kernel started with psi=0.
func (l *look) text(file string) (content string, ok bool) {
	dir := l.m.Path(controllerOf(file))
	if dir == "" {
		return "", false // no such hierarchy
	}
	content, err := cgroups.ReadFile(dir, file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOTSUP) {
		return "", false
	}
	if err != nil {
		l.errs = append(l.errs, err)
	}
	return content, err == nil
}

// add adds a number as the kernel wrote it.
func (l *look) add(to amount, number string) {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	l.figures[to.Figure] += n * to.unit
}

// number reads a file that holds one number.
func (l *look) number(file string, to amount) {
	if content, ok := l.text(file); ok {
		l.add(to, strings.TrimSpace(content))
	}
}

// keyed reads a file of lines "key number".
func (l *look) keyed(file string, keys map[string]amount) {
	content, _ := l.text(file)
	for line := range strings.Lines(content) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		if to, wanted := keys[key]; wanted {
			l.add(to, number)
		}
	}
}

// counters sets figures to 0 that a file of devices has only once they were used.
func (l *look) counters(figures ...Figure) {
	for _, f := range figures {
		l.figures[f] += 0
	}
}

// Alone picks the places that are one container's alone: not the root, not the
// cgroup of this process or of the node's first one, not the same as another or
// around one. Whatever a record says, others are not to be taken for its own.
func Alone(places []string) (map[string]bool, error) {
	used := map[string]int{"/": 2}
	for _, pid := range []string{"1", "self"} {
		paths, err := cgroups.ParseCgroupFile("/proc/" + pid + "/cgroup")
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			around(path, used)
			used[path] += 2
		}
	}
	for _, place := range places {
		dir := directory(place)
		around(dir, used)
		used[dir]++
	}
	alone := map[string]bool{}
	for _, place := range places {
		if dir := directory(place); filepath.IsAbs(dir) && used[dir] == 1 {
			alone[place] = true
		}
	}
	return alone, nil
}

// around notes that the directories around one hold more than one thing.
func around(dir string, used map[string]int) {
	for up := filepath.Dir(dir); len(up) > 1; up = filepath.Dir(up) {
		used[up] += 2
	}
}

// Frozen reports whether a place, by itself, was told to be frozen. One that is
// not there is not.
func Frozen(place string) (bool, error) {
	m, err := open(place)
	if err != nil || !m.Exists() {
		return false, err
	}
	state, err := m.GetFreezerState()
	return state == cgroups.Frozen, err
}
