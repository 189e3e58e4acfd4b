package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// quota: whether the disk space of containers could be bounded by tenant.
var _ = register(Check{"quota", checkQuota})

func checkQuota(_ context.Context, n *Node) ([]Result, error) {
	mounts, err := n.text("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var seen []string
	return n.ofEngines(func(e Engine) ([]Result, error) {
		m, found := mountOf(mounts, e.Root)
		if !found || slices.Contains(seen, m.point) {
			return nil, nil
		}
		seen = append(seen, m.point)
		if m.quota() {
			return ok("%s has project quotas at %s", e.Root, m.point), nil
		}
		r := Result{
			Level: Note, What: fmt.Sprintf("%s is on %s at %s, which has no project quotas", e.Root, m.kind, m.point),
			Means: "one tenant can fill the disk of all; limits.ephemeral-storage, which would bound it, is refused by this version",
			Fix:   "keep the engine's data on xfs or ext4, mounted with prjquota",
		}
		if m.kind == "xfs" || m.kind == "ext4" {
			r.What = fmt.Sprintf("%s is on %s at %s, mounted without project quotas", e.Root, m.kind, m.point)
			r.Fix = "mount it with prjquota (ext4: tune2fs -O project,quota first; the root's: rootflags=prjquota)"
		}
		return []Result{r}, nil
	})
}

// hostMount is a line of mountinfo.
type hostMount struct{ point, kind, options string }

func (m hostMount) quota() bool {
	return slices.ContainsFunc(strings.Split(m.options, ","), func(o string) bool { return o == "prjquota" || o == "pquota" })
}

// mountOf is the mount that a path is on: the innermost, and of those at one
// place the last. A line is "36 35 98:0 /root /point rw - ext4 /dev/sda rw,prjquota".
// Source: proc(5).
func mountOf(mountinfo, path string) (found hostMount, ok bool) {
	for line := range strings.Lines(mountinfo) {
		before, after, _ := strings.Cut(line, " - ")
		at, what := strings.Fields(before), strings.Fields(after)
		if len(at) < 5 || len(what) < 3 {
			continue
		}
		point := at[4]
		if below(path, point) && len(point) >= len(found.point) {
			found, ok = hostMount{point, what[0], what[2]}, true
		}
	}
	return found, ok
}

func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
