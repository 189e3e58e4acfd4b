package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"
)

// Disk finds the whole disk that a path means: of a block device the device, of
// a mount point, or any other file, the device below it. The kernel limits whole
// disks only, never partitions.
func Disk(path string) (major, minor uint32, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, &os.PathError{Op: "find the disk of", Path: path, Err: err}
	}
	device := st.Dev
	if st.Mode&unix.S_IFMT == unix.S_IFBLK {
		device = st.Rdev
	}
	major, minor = unix.Major(device), unix.Minor(device)
	sys, err := filepath.EvalSymlinks(fmt.Sprintf("/sys/dev/block/%d:%d", major, minor))
	if err != nil {
		return 0, 0, fmt.Errorf("%s is on no block device (%d:%d); name the disk itself, such as /dev/sda", path, major, minor)
	}
	if !cgroups.PathExists(filepath.Join(sys, "partition")) {
		return major, minor, nil
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(sys), "dev"))
	if err != nil {
		return 0, 0, fmt.Errorf("find the disk of partition %s: %w", path, err)
	}
	_, err = fmt.Sscanf(strings.TrimSpace(string(data)), "%d:%d", &major, &minor)
	return major, minor, err
}

// freeDevices adds, for each device that is limited and shall not be, that it is
// not.
func freeDevices(m cgroups.Manager, to values) error {
	if !v2() || !has(m, "io.max") {
		return nil
	}
	text, err := cgroups.ReadFile(m.Path("io"), "io.max")
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		device, _, _ := strings.Cut(line, " ")
		if of := "io.max " + device; to[of] == "" && isDevice(device) {
			to[of] = lineOf("", device)
		}
	}
	return nil
}

func isDevice(s string) bool {
	major, minor, both := strings.Cut(s, ":")
	_, err := strconv.ParseUint(major, 10, 32)
	_, err2 := strconv.ParseUint(minor, 10, 32)
	return both && err == nil && err2 == nil
}
