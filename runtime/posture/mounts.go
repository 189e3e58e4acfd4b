package posture

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Mount is one of the process's, as /proc/<pid>/mountinfo has it (proc(5)).
type Mount struct {
	ID       int
	Device   string   // "8:1", of the file system
	Root     string   // what of the file system is mounted
	Point    string   // where
	Options  []string // of the mount
	Type     string   // of the file system
	Source   string
	ReadOnly bool
}

func (p *Posture) readMounts() error {
	data, err := os.ReadFile(p.path("mountinfo"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if len(f) < 6 || len(g) < 2 {
			return fmt.Errorf("mountinfo has the line %q", line)
		}
		id, err := strconv.Atoi(f[0])
		if err != nil {
			return fmt.Errorf("mountinfo: %w", err)
		}
		m := Mount{ID: id, Device: f[2], Root: unescape(f[3]), Point: unescape(f[4]), Options: strings.Split(f[5], ","), Type: g[0], Source: unescape(g[1])}
		m.ReadOnly = slices.Contains(m.Options, "ro")
		p.Mounts = append(p.Mounts, m)
	}
	return nil
}

// unescape undoes "\040" and the like.
func unescape(s string) string {
	for _, c := range []string{" ", "\t", "\n", "\\"} {
		s = strings.ReplaceAll(s, fmt.Sprintf("\\%03o", c[0]), c)
	}
	return s
}
