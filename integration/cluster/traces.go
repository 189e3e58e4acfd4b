package cluster

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

// ofKubelet are the cgroups that the kubelet has without a pod.
var ofKubelet = []string{"kubepods", "besteffort", "burstable"}

// Left says what pods have on the machine beyond what the cluster had without
// any: the traces that every node looks for, and pods' cgroups, mounts,
// interfaces and folders.
func (c *Cluster) Left() ([]string, error) {
	found, err := c.all()
	return slices.DeleteFunc(found, func(t string) bool {
		// The kubelet makes its own cgroups where it first needs them, and keeps them.
		return slices.Contains(c.idle, t) || slices.Contains(ofKubelet, filepath.Base(t)) && strings.Contains(t, c.cgroup())
	}), err
}

// Clean waits until nothing of any pod is left. Its error lists what stayed.
func (c *Cluster) Clean(ctx context.Context) error {
	var left []string
	var failed error
	if err := node.Await(ctx, func() bool {
		left, failed = c.Left()
		return failed == nil && len(left) == 0
	}); err != nil {
		return fmt.Errorf("left on the machine (%v):\n  %s", failed, strings.Join(left, "\n  "))
	}
	return nil
}

func (c *Cluster) all() ([]string, error) {
	found := c.Traces()
	for _, dir := range host.CgroupsNamed(func(name string) bool { return name == c.cgroup() }) {
		if filepath.Base(dir) != c.cgroup() {
			found = append(found, "cgroup "+dir)
		}
	}
	server := strconv.Itoa(c.kubelet.cmd.Process.Pid)
	for _, m := range host.MountsOf(server) {
		// containerd keeps the users of a sandbox that failed to start until the
		// kubelet's next sweep, which comes once a minute.
		if !strings.HasSuffix(m, "/pinned-namespaces/user") {
			found = append(found, "mount "+m)
		}
	}
	pods, _ := filepath.Glob("/proc/" + server + "/root/var/lib/kubelet/pods/*")
	for _, p := range pods {
		found = append(found, "the kubelet's folder "+filepath.Base(p))
	}
	interfaces, err := c.interfaces()
	return append(found, interfaces...), err
}
