package pods

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// inWorld are what containerd, its shims, the delegates and the CNI plugins keep
// of pods where only the world sees it.
var inWorld = []string{"/run/netns/*", "/run/containerd/s/*", "/run/containerd/runc/*/*"}

// Folder begins the trace of a folder that the CRI plugin has of a pod.
const Folder = "the CRI plugin's folder "

// Settle takes what is on the machine now for what a node has without a pod.
func (n *Node) Settle() (err error) {
	n.idle, err = n.all()
	return err
}

// Left says what pods have on the machine beyond what the node had without any:
// the traces that every node looks for, and pods' cgroups, mounts, interfaces,
// addresses and folders.
func (n *Node) Left() ([]string, error) {
	found, err := n.all()
	return slices.DeleteFunc(found, func(t string) bool { return slices.Contains(n.idle, t) }), err
}

// Clean waits until nothing of any pod is left. Its error lists what stayed.
func (n *Node) Clean(ctx context.Context) error { return Clean(ctx, n.Left) }

// Clean waits until nothing is left, by the caller's look.
func Clean(ctx context.Context, look func() ([]string, error)) error {
	var left []string
	var failed error
	if err := node.Await(ctx, func() bool {
		left, failed = look()
		return failed == nil && len(left) == 0
	}); err != nil {
		return fmt.Errorf("left on the machine (%v):\n  %s", failed, strings.Join(left, "\n  "))
	}
	return nil
}

func (n *Node) all() ([]string, error) {
	found := n.Traces()
	for _, dir := range n.cgroups() {
		found = append(found, "cgroup "+dir)
	}
	server := strconv.Itoa(n.Pid())
	for _, m := range host.MountsOf(server) {
		// containerd keeps the users of a sandbox that failed to start until the
		// kubelet's next sweep, which comes once a minute.
		if !strings.HasSuffix(m, "/pinned-namespaces/user") {
			found = append(found, "mount "+m)
		}
	}
	for _, pattern := range inWorld {
		for _, path := range glob("/proc/" + server + "/root" + pattern) {
			found = append(found, "in the world "+strings.TrimPrefix(path, "/proc/"+server+"/root"))
		}
	}
	for _, path := range glob(filepath.Join(n.Dir(), "ipam/pods/10.*")) {
		found = append(found, "address "+filepath.Base(path))
	}
	for _, dir := range []string{"lib", "state"} {
		for _, path := range glob(filepath.Join(n.Dir(), dir, "io.containerd.grpc.v1.cri/*/*")) {
			found = append(found, Folder+path)
		}
	}
	interfaces, err := n.interfaces()
	return append(found, interfaces...), err
}

// cgroups are the directories of pods' cgroups in all hierarchies, the deepest
// last.
func (n *Node) cgroups() []string {
	dirs := host.CgroupsNamed(func(name string) bool { return name == n.Cgroup() })
	dirs = slices.DeleteFunc(dirs, func(dir string) bool { return filepath.Base(dir) == n.Cgroup() })
	slices.Sort(dirs)
	return dirs
}

// glob returns the paths that a pattern of this package finds.
func glob(pattern string) []string {
	paths, _ := filepath.Glob(pattern)
	return paths
}
