package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Kinds of engines, by the names of their processes.
const (
	containerd = "containerd"
	dockerd    = "dockerd"
	buildkitd  = "buildkitd"
)

// Engine is an engine of this node: one that runs, or that is installed where
// none of its kind runs.
type Engine struct {
	Kind   string
	Binary string
	Pid    int      // 0: it does not run
	Args   []string // of its process
	Env    map[string]string
	Config string   // its file, which need not be there
	Socket []string // of its clients
	Root   string   // where it keeps images and containers

	dump   *containerdConfig // containerd's, as it reads it itself
	unread error             // why there is no dump
}

// Name tells engines of one kind apart.
func (e Engine) Name() string {
	if e.Pid != 0 && len(e.Socket) > 0 {
		return e.Kind + " at " + e.Socket[0]
	}
	return e.Kind
}

// engineFolders are where programs are looked for.
var engineFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// engines finds them. A process is one by its name only if nobody but root of
// this very mount namespace can have made it so: its program is executed.
func (n *Node) engines() ([]Engine, error) {
	n.once.Do(func() { n.found, n.unread = n.lookForEngines() })
	return n.found, n.unread
}

// ofEngines looks at each engine of the node, and returns what was found and what
// could not be read. Of one that ended meanwhile there is nothing to read.
func (n *Node) ofEngines(look func(Engine) ([]Result, error)) ([]Result, error) {
	engines, err := n.engines()
	if err != nil {
		return nil, err
	}
	var all []Result
	var errs []error
	for _, e := range engines {
		found, err := look(e)
		if err != nil && n.ended(e) {
			continue
		}
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

func (n *Node) lookForEngines() ([]Engine, error) {
	all, err := n.running()
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{containerd, dockerd} {
		if slices.ContainsFunc(all, func(e Engine) bool { return e.Kind == kind }) {
			continue
		}
		for _, folder := range engineFolders {
			if binary := n.path(folder, kind); rootsOwn(binary) {
				all = append(all, engineOf(kind, binary, 0, nil, nil))
				break
			}
		}
	}
	for i := range all {
		n.configure(&all[i])
	}
	slices.SortFunc(all, func(a, b Engine) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Pid, b.Pid)) })
	return all, nil
}

func (n *Node) running() (all []Engine, err error) {
	own, err := os.Readlink(n.path("/proc/self/ns/mnt"))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(n.path("/proc"))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		pid := number(entry.Name())
		if pid == 0 {
			continue
		}
		dir := n.path("/proc", entry.Name())
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if kind := strings.TrimSpace(string(comm)); err == nil && slices.Contains([]string{containerd, dockerd, buildkitd}, kind) {
			mnt, err := os.Readlink(filepath.Join(dir, "ns/mnt"))
			binary, unread := os.Readlink(filepath.Join(dir, "exe"))
			if err != nil || unread != nil || mnt != own || !rootsOwn(binary) {
				continue // it ended, or is somebody's who named it so
			}
			all = append(all, engineOf(kind, binary, pid, words(dir, "cmdline"), environment(words(dir, "environ"))))
		}
	}
	return all, nil
}

// ended reports whether an engine that ran does no longer: what could not be
// read of it is then nobody's.
func (n *Node) ended(e Engine) bool {
	return e.Pid != 0 && !n.there(fmt.Sprintf("/proc/%d", e.Pid))
}

// number is a positive number, 0 if it is none.
func number(s string) (n int) {
	for _, r := range s {
		if r < '0' || r > '9' || n > 1<<30 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// words are what a file of /proc has, each ended by a zero byte.
func words(dir, file string) []string {
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

func environment(words []string) map[string]string {
	env := map[string]string{}
	for _, w := range words {
		if name, value, ok := strings.Cut(w, "="); ok {
			env[name] = value
		}
	}
	return env
}

// rootsOwn reports whether a program is one that nobody but whoever runs this
// (root on a node) can have written.
func rootsOwn(path string) bool {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 || info.Mode().Perm()&0o100 == 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == uint32(os.Geteuid())
}
