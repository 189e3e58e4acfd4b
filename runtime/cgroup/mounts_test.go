package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// As Debian 12 in a VM and a container on cgroup v1 have it, shortened.
const someMounts = `27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard,data=journal
28 27 254:1 /sub /mnt/with\040space rw - vfat /dev/vda1 rw,uid=0
30 27 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
41 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
a line of nonsense
`

func TestMountsAreReadAsProcHasThem(t *testing.T) {
	want := []Mount{
		{254, 0, "/", "/", "ext4", []string{"rw", "discard", "data=journal"}},
		{254, 1, "/sub", "/mnt/with space", "vfat", []string{"rw", "uid=0"}},
		{0, 26, "/", "/sys/fs/cgroup", "cgroup2", []string{"rw", "nsdelegate"}},
		{0, 32, "/docker/abc", "/sys/fs/cgroup/memory", "cgroup", []string{"rw", "memory"}},
	}
	got := mountsIn(someMounts)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if got, want := remount(got[2]), "mount -o remount,nsdelegate,memory_recursiveprot /sys/fs/cgroup"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for path, want := range map[string]string{
		"/sys/fs/cgroup/memory/bulkhead/acme.t": "/docker/abc/bulkhead/acme.t",
		"/sys/fs/cgroup/bulkhead/acme.t":        "/bulkhead/acme.t",
	} {
		if got := inHierarchy(path, mountsIn(someMounts)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestFileSystemsThatChargeWhatTheyWriteBack(t *testing.T) {
	for _, c := range []struct {
		kind, option string
		want         bool
	}{{"xfs", "rw", true}, {"ext4", "data=ordered", true}, {"ext4", "data=journal", false}, {"vfat", "rw", false}} {
		if got := charges(Mount{Type: c.kind, Options: []string{c.option}}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSchedulersOfADisk(t *testing.T) {
	for text, want := range map[string]string{
		"none [mq-deadline] kyber bfq\n": "mq-deadline", "[none]\n": "none", "": "", "[bfq] none\n": "bfq",
	} {
		if got, _ := schedulersIn(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if _, all := schedulersIn("none [mq-deadline]"); !cmp.Equal(all, []string{"none", "mq-deadline"}) {
		t.Errorf("all are %v", all)
	}
}

func TestDisksWithACostModel(t *testing.T) {
	const qos = "254:0 enable=1 ctrl=auto rpct=0.00\n8:16 enable=0 ctrl=auto\n"
	for device, want := range map[string]bool{"254:0": true, "8:16": false, "54:0": false} {
		if got := modelledIn(qos, device); got != want {
			t.Errorf("%s: %v", device, got)
		}
	}
}
