package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/fs2"

	"github.com/bulkhead-dev/bulkhead/runtime/lock"
)

// Driver is who makes tenants' cgroups: "systemd", as slices, or "cgroupfs".
func Driver() string {
	if systemd() {
		return "systemd"
	}
	return "cgroupfs"
}

// Kubelet reports whether a kubelet keeps its pods' cgroups on this node. It
// then decides which CPUs are whose.
func Kubelet() bool { return kubelet() }

// KernelHas reports whether a cgroup below the root has a file ("cpu.idle"). It
// is asked of one that is there, else of the installation's own, which is made
// for that moment.
func (t *Tree) KernelHas(file string) (bool, error) {
	m, err := open("/")
	if err != nil {
		return false, err
	}
	dir := fileFolder(m, file)
	if dir == "" {
		return false, nil // no such controller
	}
	if has, known := anyBelowHas(dir, file); known {
		return has, nil
	}
	return t.ownHas(file)
}

// ownHas asks the installation's own cgroup, and leaves none that was not there.
func (t *Tree) ownHas(file string) (has bool, err error) {
	m, err := open(t.base())
	if err != nil {
		return false, err
	}
	err = lock.Held(t.baseLock(), func() error {
		if err := t.start(t.base(), m); err != nil {
			return err
		}
		has = cgroups.PathExists(filepath.Join(fileFolder(m, file), file))
		return nil
	})
	return has, errors.Join(err, t.ReleaseBase())
}

// Nests reports whether a cgroup's memory limit binds those below it.
func Nests() (bool, error) {
	m, err := open("/")
	if err != nil {
		return false, err
	}
	err = nests(m)
	if errors.Is(err, errNested) {
		return false, nil
	}
	return err == nil, err
}

// fileFolder is where a cgroup has a file: the folder of the file's controller.
// The files of no controller, and those of pressure, are cgroup v2's, which a
// hybrid node has beside.
func fileFolder(m cgroups.Manager, file string) string {
	if controller := controllerOf(file); v2() || controller != "cgroup" && !strings.HasSuffix(file, ".pressure") {
		return m.Path(controller)
	}
	return m.Path("")
}

// anyBelowHas asks the first cgroup below the root of a hierarchy; it is not
// known when there is none with the file's controller. What the root itself has
// says little: it is not limited.
func anyBelowHas(root, file string) (has, known bool) {
	if controller := controllerOf(file); v2() && controller != "cgroup" {
		on, err := cgroups.ReadFile(root, "cgroup.subtree_control")
		if err != nil || !slices.Contains(strings.Fields(on), controller) {
			return false, false
		}
	}
	entries, _ := os.ReadDir(root) // unreadable: there is none to ask
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if !e.IsDir() {
			continue
		}
		if cgroups.PathExists(filepath.Join(dir, file)) {
			return true, true
		}
		if cgroups.PathExists(dir) { // or it was removed meanwhile
			return false, true
		}
	}
	return false, false
}

// Protection says how cgroup2 is mounted: whether the memory that is kept for a
// cgroup is kept for those below it too.
type Protection struct {
	Recursive bool
	Offered   bool   // the kernel can
	Remount   string // the command that would have it
}

const recursiveProtection = "memory_recursiveprot"

// MemoryProtection returns nil where there is none: on cgroup v1.
func MemoryProtection() (*Protection, error) {
	if !v2() {
		return nil, nil
	}
	all, err := mounts()
	if err != nil {
		return nil, err
	}
	offered, err := os.ReadFile("/sys/kernel/cgroup/features")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	p := &Protection{Offered: slices.Contains(strings.Fields(string(offered)), recursiveProtection)}
	for _, mount := range all {
		if mount.Point == fs2.UnifiedMountpoint {
			p.Recursive = slices.Contains(mount.Options, recursiveProtection)
			p.Remount = remount(mount)
		}
	}
	return p, nil
}

// remount names every option again: cgroup2 drops those that are not named, and
// not every mount(8) adds them.
func remount(m Mount) string {
	options := []string{"remount"}
	for _, o := range m.Options {
		if o != "rw" && o != "ro" && o != recursiveProtection {
			options = append(options, o)
		}
	}
	return "mount -o " + strings.Join(append(options, recursiveProtection), ",") + " " + m.Point
}

// Swapping reports whether the node has swap at all.
func Swapping() bool {
	data, err := os.ReadFile("/proc/swaps")
	return err == nil && strings.Count(string(data), "\n") > 1 // the first line is a header
}
