package cgroup

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestTwoPathsOfOneDiskHaveTheLesserRates(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	got := ioMax(lesser(
		tenant.BlockIO{ReadBytesPerSecond: n(100), WriteIOPS: n(7)},
		tenant.BlockIO{ReadBytesPerSecond: n(50), WriteBytesPerSecond: n(20), WriteIOPS: n(9)}))
	if want := "rbps=50 wbps=20 riops=max wiops=7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDiskOfAFolderIsAWholeDisk(t *testing.T) {
	if _, _, err := Disk("/proc"); err == nil {
		t.Error("proc is on a disk")
	}
	if _, _, err := Disk("/not there"); err == nil {
		t.Error("what is not there is on a disk")
	}
}
