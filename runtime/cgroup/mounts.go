package cgroup

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Mount is one line of mountinfo: a file system at a place.
type Mount struct {
	Major, Minor uint32   // of the block device, 0 and another of one without
	Root         string   // what of the file system is mounted
	Point        string   // where
	Type         string   // "ext4"
	Options      []string // of the file system
}

// mounts are those that this process sees.
func mounts() ([]Mount, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("find mounts: %w", err)
	}
	return mountsIn(string(data)), nil
}

// mountsIn reads mountinfo as proc(5) has it:
// "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue".
func mountsIn(text string) []Mount {
	var all []Mount
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		dash := slices.Index(fields, "-")
		if dash < 6 || len(fields) < dash+4 {
			continue
		}
		m := Mount{Root: unescaped(fields[3]), Point: unescaped(fields[4]), Type: fields[dash+1], Options: strings.Split(fields[dash+3], ",")}
		if _, err := fmt.Sscanf(fields[2], "%d:%d", &m.Major, &m.Minor); err == nil {
			all = append(all, m)
		}
	}
	return all
}

// unescaped replaces what mountinfo writes in octal: space, tab, newline and
// backslash.
func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// charging are the file systems that charge the writing back of their pages to
// the cgroup that dirtied them. No file of the kernel says which do; others
// charge the root. Source: Documentation/admin-guide/cgroup-v2.rst, "Writeback".
var charging = []string{"ext2", "ext4", "btrfs", "f2fs", "xfs"}

// Uncharged are the mounts of a disk, each file system once, whose buffered
// writes no cgroup is charged for.
func Uncharged(major, minor uint32) ([]Mount, error) {
	all, err := mounts()
	if err != nil {
		return nil, err
	}
	var found []Mount
	for _, m := range all {
		if charges(m) || slices.ContainsFunc(found, func(f Mount) bool { return f.Major == m.Major && f.Minor == m.Minor }) {
			continue
		}
		// The disk of a mounted partition; other mounts are on none.
		if on, of, err := diskOf(m.Major, m.Minor); err == nil && on == major && of == minor {
			found = append(found, m)
		}
	}
	return found, nil
}

// charges: ext4 does not where it writes data to its journal (fs/ext4/super.c).
func charges(m Mount) bool {
	return slices.Contains(charging, m.Type) && !(m.Type == "ext4" && slices.Contains(m.Options, "data=journal"))
}
