package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/cgroups"
)

func TestStatsCountATenantWithAllItsContainers(t *testing.T) {
	root := installation(t)
	ensured(t, root, acme())
	before, err := NewReading().Stats(placeOf(root, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	process(t, container(t, root, "acme", "holds", &cgroups.Resources{}), "hold", "32")
	process(t, container(t, root, "acme", "burns", &cgroups.Resources{}), "burn")
	reading := NewReading()
	whole, err := reading.Stats(placeOf(root, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := reading.Stats(placeOf(root, "acme") + "/test.holds.c")
	if err != nil {
		t.Fatal(err)
	}
	if whole.ID != before.ID || whole.ID == part.ID {
		t.Errorf("the cgroup was %d and is %d, its container's is %d", before.ID, whole.ID, part.ID)
	}
	if n := whole.Figures[CPUUsage]; n < 0.1 || n > 60 {
		t.Errorf("it used %v s of CPU, of which one container burnt 0.1 s", n)
	}
	for _, stats := range []Stats{whole, part} {
		if n := stats.Figures[Memory] - stats.Figures[MemoryCache]; n < 32<<20 || n > 256<<20 {
			t.Errorf("it uses %v bytes, of which one container holds 32 MiB", n)
		}
	}
	if whole.Figures[Pids] <= part.Figures[Pids] {
		t.Errorf("it has %v tasks, one of its containers %v", whole.Figures[Pids], part.Figures[Pids])
	}
	for _, f := range []Figure{OOMKilled, CPUThrottledPeriods} {
		if n, known := whole.Figures[f]; !known || n != 0 {
			t.Errorf("%s is %v, known %v, want 0", f, n, known)
		}
	}
	for _, f := range []Figure{MemoryHigh, CPUPressure} { // v2 has them, unless it was started without PSI
		if _, known := whole.Figures[f]; known && !v2() {
			t.Errorf("%s is known on cgroup v1", f)
		}
	}
}

func TestOOMKillsOfAllContainersAreAddedUp(t *testing.T) {
	root := installation(t)
	ensured(t, root, acme())
	for _, id := range []string{"a", "b"} {
		small := container(t, root, "acme", id, &cgroups.Resources{Memory: 8 << 20, MemorySwap: 8 << 20})
		if err := shell(t, small, "x=$(head -c 64m /dev/zero | tr '\\0' x); :"); err == nil {
			t.Fatal("64 MiB fitted into 8")
		}
	}
	// The tenant first: then its containers are not read again.
	reading := NewReading()
	for place, want := range map[string]float64{"": 2, "/test.a.c": 1} {
		stats, err := reading.Stats(placeOf(root, "acme") + place)
		if err != nil {
			t.Fatal(err)
		}
		if n := stats.Figures[OOMKilled]; n < want {
			t.Errorf("%q: %v processes were killed, want %v", place, n, want)
		}
	}
}

func TestStatsOfAPlaceThatIsNotThere(t *testing.T) {
	root := installation(t)
	if _, err := NewReading().Stats(placeOf(root, "nobody")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

func TestStillFreezesWhatHasNoQuotaLeft(t *testing.T) {
	root := installation(t)
	p := globex()
	p.Limits.CPUMilli = new(int64(20))
	ensured(t, root, p)
	m := container(t, root, "globex", "spins", &cgroups.Resources{})
	done := make(chan error, 1)
	go func() { done <- shell(t, m, "while :; do :; done & while :; do :; done & wait") }()
	place := placeOf(root, "globex")
	used := func() float64 {
		stats, err := NewReading().Stats(place)
		if err != nil {
			t.Fatal(err)
		}
		return stats.Figures[CPUThrottledPeriods]
	}
	for deadline := time.Now().Add(20 * time.Second); used() < 3; {
		if time.Now().After(deadline) {
			t.Fatal("it is not throttled")
		}
	}
	if err := Freeze(place); err != nil {
		t.Error(err)
	}
	if frozen, err := Frozen(place); !frozen || err != nil {
		t.Errorf("frozen is %v, %v", frozen, err)
	}
	if err := Kill(place); err != nil {
		t.Error(err)
	}
	if err := Thaw(place); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("the shell ended well, want that it was killed")
	}
	if frozen, err := Frozen(place); frozen || err != nil {
		t.Errorf("thawed, frozen is %v, %v", frozen, err)
	}
}

// folder is a cgroup whose files a test wrote.
type folder struct {
	cgroups.Manager
	dir string
}

func (f folder) Path(string) string { return f.dir }

// written returns the figures of files of these contents.
func written(t *testing.T, files map[string]string, read func(*look)) (map[Figure]float64, []error) {
	t.Helper()
	cgroups.TestMode = true
	t.Cleanup(func() { cgroups.TestMode = false })
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := look{m: folder{dir: dir}, figures: map[Figure]float64{}}
	read(&l)
	return l.figures, l.errs
}

func TestFilesOfV2AreRead(t *testing.T) {
	got, errs := written(t, map[string]string{
		"cpu.stat":            "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\nnr_periods 10\nnr_throttled 4\nthrottled_usec 300000\n",
		"memory.current":      "1000\n",
		"memory.stat":         "anon 500\nfile 300\nactive_file 100\ninactive_file 150\n",
		"memory.events":       "low 0\nhigh 7\nmax 2\noom 1\noom_kill 3\noom_group_kill 0\n",
		"pids.current":        "12\n",
		"io.stat":             "8:0 rbytes=4096 wbytes=512 rios=2 wios=1 dbytes=0 dios=0\n254:1 rbytes=1 wbytes=2 rios=3 wios=4\n",
		"cpu.pressure":        "some avg10=12.50 avg60=1.00 avg300=0.10 total=2000000\nfull avg10=99.00 avg60=0.00 avg300=0.00 total=9\n",
		"memory.swap.current": "64\n",
	}, (*look).unified)
	want := map[Figure]float64{
		CPUUsage: 2.5, CPUPeriods: 10, CPUThrottledPeriods: 4, CPUThrottled: 0.3,
		Memory: 1000, MemoryCache: 250, Swap: 64, MemoryHigh: 7, OOMKilled: 3, Pids: 12,
		IORead: 4097, IOWritten: 514, IOReads: 5, IOWrites: 5, CPUPressure: 0.125, CPUWaiting: 2,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" || len(errs) > 0 {
		t.Errorf("%v (-want +got):\n%s", errs, diff)
	}
}

func TestFilesOfV1AreRead(t *testing.T) {
	got, errs := written(t, map[string]string{
		"cpuacct.usage":         "2500000000\n",
		"cpu.stat":              "nr_periods 10\nnr_throttled 4\nthrottled_time 300000000\n",
		"memory.usage_in_bytes": "1000\n",
		"memory.stat":           "active_file 1\ntotal_active_file 100\ntotal_inactive_file 150\n",
		"pids.current":          "12\n",
		"blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 512\n8:0 Sync 4608\n8:0 Total 4608\nTotal 4608\n",
		"blkio.throttle.io_serviced_recursive":      "Total 0\n",
	}, (*look).legacy)
	want := map[Figure]float64{
		CPUUsage: 2.5, CPUPeriods: 10, CPUThrottledPeriods: 4, CPUThrottled: 0.3,
		Memory: 1000, MemoryCache: 250, Pids: 12, IORead: 4096, IOWritten: 512, IOReads: 0, IOWrites: 0,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" || len(errs) > 0 {
		t.Errorf("%v (-want +got):\n%s", errs, diff)
	}
}

func TestWhatTheKernelDoesNotHaveIsAbsent(t *testing.T) {
	for _, read := range []func(*look){(*look).unified, (*look).legacy} {
		if got, errs := written(t, map[string]string{"pids.current": "1\n"}, read); len(got) != 1 || len(errs) > 0 {
			t.Errorf("got %v, %v; want the tasks only", got, errs)
		}
	}
	if _, errs := written(t, map[string]string{"pids.current": "many\n"}, (*look).unified); len(errs) != 1 {
		t.Errorf("a word for a number gave %v, want an error", errs)
	}
}

func TestAPlaceIsAContainersOnlyIfItIsAlone(t *testing.T) {
	paths, err := cgroups.ParseCgroupFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	places := []string{"/", "/docker", "/docker/abc", "/k/pod1/c1", "/k/pod1/c2", "/same", "/same", "relative/path", "kube.slice:cri:c3"}
	for _, own := range paths {
		places = append(places, own)
	}
	got, err := Alone(places)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"/docker/abc": true, "/k/pod1/c1": true, "/k/pod1/c2": true, "kube.slice:cri:c3": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
