package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

type seenFigures = map[cgroup.Figure]float64

func TestRatesAreTakenBetweenTwoReadings(t *testing.T) {
	p := &tenant.Policy{Name: "acme", Limits: tenant.Limits{CPUMilli: new(int64(500)), Pids: 10}}
	at := time.Unix(100, 0)
	one := func(at time.Time, figures seenFigures) *reading {
		u := &runtime.Usage{Tenant: "acme", Policy: p, Figures: figures}
		return &reading{at, map[string]*runtime.Usage{"acme": u}, []*runtime.Usage{u}}
	}
	before := one(at, seenFigures{cgroup.CPUUsage: 10, cgroup.CPUPeriods: 10, cgroup.CPUThrottledPeriods: 1, cgroup.IORead: 1000})
	now := one(at.Add(2*time.Second), seenFigures{
		cgroup.CPUUsage: 11, cgroup.CPUPeriods: 30, cgroup.CPUThrottledPeriods: 6, cgroup.IORead: 3000, cgroup.IOWritten: 5,
		cgroup.Memory: 300, cgroup.MemoryCache: 100, cgroup.OOMKilled: 2,
	})
	u := usesOf(before, now)[0]
	if *u.CPUUsedCores != 0.5 || *u.CPUThrottledRatio != 0.25 || *u.IOReadBytesPerSecond != 1000 || *u.CPULimitCores != 0.5 {
		t.Errorf("cpu %v of %v, throttled %v, reads %v", *u.CPUUsedCores, *u.CPULimitCores, *u.CPUThrottledRatio, *u.IOReadBytesPerSecond)
	}
	if *u.MemoryUsedBytes != 200 || *u.MemoryTotalBytes != 300 || *u.OOMKills != 2 || *u.PidsLimit != 10 {
		t.Errorf("memory %v of %v, killed %v", *u.MemoryUsedBytes, *u.MemoryTotalBytes, *u.OOMKills)
	}
	if u.IOWrittenBytesPerSecond != nil || u.MemoryHighEvents != nil || u.Pids != nil || u.MemoryLimitBytes != nil {
		t.Errorf("known is what nobody said: %+v", u)
	}
	if u := usesOf(nil, now)[0]; u.CPUUsedCores != nil || u.MemoryUsedBytes == nil {
		t.Errorf("after one reading: %+v, want what is no rate", u)
	}
}

// family is acme and ci below it, beside a busier and an unknown tenant.
func family() []*use {
	return []*use{
		{Tenant: "acme", CPUUsedCores: new(0.5), CPULimitCores: new(0.5), MemoryUsedBytes: new(int64(96 << 20)), MemoryLimitBytes: new(int64(100 << 20)), OOMKills: new(int64(1)),
			NetworkReceivedBitsPerSecond: new(96.5e6), NetworkReceivedLimitBitsPerSecond: new(int64(1e9)), NetworkSentBitsPerSecond: new(1500.0)},
		{Tenant: "ci", Ancestors: []string{"acme"}, CPUUsedCores: new(0.4), Pids: new(int64(7))},
		{Tenant: "beta", CPUUsedCores: new(0.75), CPUThrottledRatio: new(0.3), MemoryUsedBytes: new(int64(1536)), IOReadBytesPerSecond: new(2.5 * 1024 * 1024)},
		{Tenant: "idle"},
	}
}

func TestTenantsAreSortedBelowTheirParents(t *testing.T) {
	for by, want := range map[string]string{
		"cpu": "beta acme ci idle", "memory": "acme ci beta idle", "name": "acme ci beta idle", "io": "beta acme ci idle", "pids": "acme ci beta idle",
	} {
		var got []string
		for _, u := range sorted(family(), by) {
			got = append(got, u.Tenant)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
	alone, err := only(family(), []string{"ci"})
	if err != nil || sorted(alone, "cpu")[0].depth != 0 {
		t.Errorf("alone: %+v, %v; want it below nobody", alone[0], err)
	}
	if _, err := only(family(), []string{"c1"}); err == nil || !strings.Contains(err.Error(), "did you mean ci?") {
		t.Errorf("got %v, want what is meant", err)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	uses := sorted(family(), "cpu")
	full := layout{}.lines(uses)
	want := []string{
		"TENANT   CPU       THROTTLED   MEMORY       HIGH   PIDS   READ/S   WRITE/S   NET IN     NET OUT   DROPPED   PSI CPU   PSI MEM   PSI IO   OOM   CONTAINERS",
		"beta     0.75/-    30%         1.5Ki/-      -      -/-    2.5Mi    -         -/-        -/-       -         -         -         -        -     0/-",
		"acme     0.5/0.5   -           96Mi/100Mi   -      -/-    -        -         96.5M/1G   1.5k/-    -         -         -         -        1     0/-",
		"└─ci     0.4/-     -           -/-          -      7/-    -        -         -/-        -/-       -         -         -         -        -     0/-",
		"idle     -/-       -           -/-          -      -/-    -        -         -/-        -/-       -         -         -         -        -     0/-",
	}
	if diff := cmp.Diff(want, full); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for width := 40; width < 160; width += 10 {
		lines := layout{width: width}.lines(uses)
		for _, line := range lines {
			if n := len([]rune(line)); n > width {
				t.Errorf("width %d: %d columns in %q", width, n, line)
			}
		}
		if !strings.HasPrefix(lines[0], "TENANT   CPU") || !strings.Contains(lines[0], "MEMORY") {
			t.Errorf("width %d: %q", width, lines[0])
		}
	}
	if narrow := (layout{width: 1}).lines(uses); narrow[0] != "TENANT   CPU       MEMORY" {
		t.Errorf("the narrowest is %q", narrow[0])
	}
}

func TestColoursSayHowNearToTroubleItIs(t *testing.T) {
	lines := layout{colour: true}.lines(sorted(family(), "cpu"))
	for _, want := range []string{"\033[33m30%\033[0m", "\033[33m0.5/0.5\033[0m", "\033[31m96Mi/100Mi\033[0m", "\033[31m1\033[0m", "\033[1mTENANT\033[0m"} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("no %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func TestQuantitiesHaveThreeDigits(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 512: "512", 999: "999", 1000: "1Ki", 1536: "1.5Ki", 123456: "121Ki", 8 << 30: "8Gi", 100 << 20: "100Mi", 0.4: "0"} {
		if got := quantity(&n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}

// TestOnlyRootSeesWhatRuns: to somebody else an empty table would say that
// nothing runs.
func TestOnlyRootSeesWhatRuns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: becomes nobody")
	}
	root, err := os.MkdirTemp("", "") // not t.TempDir: nobody may not enter that
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(os.RemoveAll(root)) })
	must(os.MkdirAll(root+"/run/bulkhead/containers", 0o755))
	must(os.Chmod(root, 0o755))
	must(os.Chmod(root+"/run/bulkhead/containers", 0o700))
	for _, args := range [][]string{{"top", "--once"}, {"metrics", "--listen", "127.0.0.1:0"}, {"freeze", "acme"}} {
		// TestMain runs the tool itself under its name.
		cmd := exec.Command("/proc/self/exe")
		cmd.Args, cmd.Env, cmd.Dir = append([]string{"bulkhead"}, args...), []string{"BULKHEAD_ROOT=" + root}, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "bulkhead: only root may read which containers run; run it as root") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
}
