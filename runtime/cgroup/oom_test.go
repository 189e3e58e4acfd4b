package cgroup

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/opencontainers/cgroups"
)

func TestOOMKillsCountThoseOfTheContainerOnly(t *testing.T) {
	root := installation(t)
	p := acme()
	p.Limits.MemoryBytes, p.Limits.SwapBytes = new(int64(64<<20)), 0
	ensured(t, root, p)
	guilty := container(t, root, "acme", "guilty", &cgroups.Resources{})
	all := []cgroups.Manager{guilty}
	if !v2() { // there processes are in leaves only
		all = append(all, container(t, root, "acme", "guilty.c/nested", &cgroups.Resources{}))
	}
	innocent := container(t, root, "acme", "innocent", &cgroups.Resources{})
	process(t, innocent, "hold", "8")
	for i, m := range all {
		if err := shell(t, m, "exec dd if=/dev/zero of=/dev/null bs=96M count=1"); !killed(err) {
			t.Fatalf("96 MiB below 64 MiB: %v", err)
		}
		parent := placeOf(root, "acme")
		for id, want := range map[string]uint64{"guilty": uint64(i + 1), "innocent": 0} {
			if got, err := OOMKills(parent + "/test." + id + ".c"); got != want || err != nil {
				t.Errorf("%s: %d kills (%v), want %d", id, got, err, want)
			}
		}
	}
}

func TestOOMKillsOfACgroupThatIsGone(t *testing.T) {
	root := installation(t)
	if n, err := OOMKills(placeOf(root, "acme")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %d, %v, want fs.ErrNotExist", n, err)
	}
}
