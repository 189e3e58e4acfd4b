package cluster

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// ofKubelet are the cgroups that the kubelet has without a pod.
var ofKubelet = []string{"kubepods", "besteffort", "burstable"}

// Left says what pods have on the machine beyond what the cluster had without
// any: the traces of pods, and the kubelet's folders of them.
func (c *Cluster) Left() ([]string, error) {
	found, err := c.Node.Left()
	found = slices.DeleteFunc(found, func(t string) bool {
		// The kubelet makes its own cgroups where it first needs them, and keeps them.
		// What the plugin has of a container goes with the kubelet's next sweep.
		return slices.Contains(ofKubelet, filepath.Base(t)) && strings.Contains(t, c.Cgroup()) || strings.HasPrefix(t, pods.Folder)
	})
	dirs, _ := filepath.Glob("/proc/" + strconv.Itoa(c.kubelet.cmd.Process.Pid) + "/root/var/lib/kubelet/pods/*")
	for _, d := range dirs {
		found = append(found, "the kubelet's folder "+filepath.Base(d))
	}
	return found, err
}

// Clean waits until nothing of any pod is left. Its error lists what stayed.
func (c *Cluster) Clean(ctx context.Context) error { return pods.Clean(ctx, c.Left) }
