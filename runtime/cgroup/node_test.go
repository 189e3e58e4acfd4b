package cgroup

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/cgroups"
)

func TestControllersAreThoseOfTheMachine(t *testing.T) {
	if cgroups.IsCgroup2UnifiedMode() {
		t.Skip("needs cgroup v1 or hybrid")
	}
	data, err := os.ReadFile("/proc/self/cgroup") // 8:pids:/path, 0::/ for the unified mount
	if err != nil {
		t.Fatal(err)
	}
	wantMode, want := "v1", []string(nil)
	for line := range strings.Lines(string(data)) {
		switch names := strings.Split(line, ":")[1]; {
		case names == "":
			wantMode = "hybrid"
		case !strings.HasPrefix(names, "name="):
			want = append(want, strings.Split(names, ",")...)
		}
	}
	slices.Sort(want)
	mode, got, swap := Controllers()
	if mode != wantMode || !slices.Equal(got, want) {
		t.Errorf("got %s %v, want %s %v", mode, got, wantMode, want)
	}
	if _, err := os.Stat("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"); swap != (err == nil) {
		t.Errorf("swap limit %v, but %v", swap, err)
	}
}
