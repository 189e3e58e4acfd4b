package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// delegates: whether those of the node have the known fixes, and what they
// cannot do.
var _ = register(Check{"delegates", checkDelegates})

func checkDelegates(ctx context.Context, n *Node) ([]Result, error) {
	var all []Result
	var errs []error
	for _, path := range n.delegates() {
		said, err := ask(ctx, path, "--version")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, delegateOf(path, said)...)
	}
	return all, errors.Join(errs...)
}

// delegates are those that the policy names, and what stands where one is
// looked for otherwise.
func (n *Node) delegates() (paths []string) {
	names := []string{"runc", "crun", "runsc"}
	if st, err := tenant.Open(n.Root); err == nil {
		if node, err := st.Node(); err == nil {
			for name, path := range node.Delegates {
				names = slices.DeleteFunc(names, func(other string) bool { return other == name })
				paths = append(paths, path)
			}
		}
	}
	for _, name := range names {
		for _, folder := range engineFolders {
			if path := n.path(folder, name); rootsOwn(path) {
				paths = append(paths, path)
				break
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// fixes are of runc, by what a version without them lets a container do. A
// line of releases has a fix from a version on; the last line stands for all
// that follow.
var fixes = []struct {
	cve   string
	means string
	since [][]int
}{
	{"CVE-2024-21626", "a leaked descriptor as working folder leads out of the container", [][]int{{1, 1, 12}}},
	{"CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881", "an image can have host files in /proc written while its container is made", [][]int{{1, 2, 8}, {1, 3, 3}, {1, 4, 0}}},
}

// delegateOf says what follows from a delegate's "runc version 1.1.5+ds1".
func delegateOf(path, said string) []Result {
	kind, _, _ := strings.Cut(said, " ")
	first, _, _ := strings.Cut(said, "\n")
	version := versionOf(first)
	name := fmt.Sprintf("%s %s (%s)", kind, version, path)
	if kind == "runsc" {
		return sandboxOf(path, first)
	}
	var all []Result
	if kind == "runc" {
		for _, f := range fixes {
			if !lacks(version, f.since) {
				continue
			}
			r := Result{Level: Warning, What: name + " is older than the fix of " + f.cve, Means: f.means, Fix: "runc " + newest(f.since) + " or later"}
			if strings.ContainsAny(version, "+~") {
				r.Fix += "; a distribution may have brought the fix back: see its changelog (apt changelog runc)"
			}
			all = append(all, r)
		}
	}
	if kind == "crun" || kind == "runc" && before(version, 1, 4) {
		all = append(all, Result{
			Level: Warning, What: name + " sets no user.* limits",
			Means: "a container with a user namespace can use up inotify for the node, and make namespaces in it",
			Fix:   "runc 1.4 or later",
		})
	}
	if all == nil {
		return ok("%s has the known fixes", name)
	}
	return all
}

// lacks reports whether a version of its line is older than the fix.
func lacks(version string, since [][]int) bool {
	line, _, _ := strings.Cut(version, "-") // a candidate is of the line that it leads to
	for _, s := range since {
		if before(line, s[0], s[1]+1) || slices.Equal(s, since[len(since)-1]) {
			return before(version, s...)
		}
	}
	return false
}

func newest(since [][]int) string {
	last := since[len(since)-1]
	return fmt.Sprintf("%d.%d.%d", last[0], last[1], last[2])
}

// base is a program's name, also behind links.
func base(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Base(path)
}
