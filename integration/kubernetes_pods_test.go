package integration

import (
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// always restarts a container: what makes an init container a sidecar.
var always = corev1.ContainerRestartPolicyAlways

func (k *kube) podScenes() []scene {
	many := podOf(acmePods, "many", cluster.ByType, func(s *corev1.PodSpec) {
		first, second, sidecar := containerOf("first", "echo one >/work/order"), containerOf("second", "echo two >>/work/order"), containerOf("sidecar", "echo side >>/work/order; sleep 3600")
		sidecar.RestartPolicy = &always
		s.InitContainers = []corev1.Container{first, second, sidecar}
		s.Containers = append(s.Containers, containerOf("other", "echo of the other; cat /work/order; sleep 3600"))
		s.Volumes = []corev1.Volume{{Name: "work", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		for _, list := range [][]corev1.Container{s.InitContainers, s.Containers} {
			for i := range list {
				list[i].VolumeMounts = []corev1.VolumeMount{{Name: "work", MountPath: "/work"}}
			}
		}
	})
	job := podOf(globexPods, "job", cluster.ByPath, func(s *corev1.PodSpec) {
		s.RestartPolicy = corev1.RestartPolicyNever
		s.Containers[0].Command = []string{"sh", "-c", "echo done; exit 3"}
	})
	alone := podOf(globexPods, "alone", cluster.ByType)
	withOwnUsers := func(s *corev1.PodSpec) { s.HostUsers = new(false) }
	var ownUsers []*corev1.Pod
	for _, class := range []string{cluster.Stock, cluster.ByType, cluster.ByPath} {
		ownUsers = append(ownUsers, podOf(acmePods, "own-users-"+class, class, withOwnUsers))
	}
	return []scene{
		{"init containers, a sidecar and two containers", []*corev1.Pod{many}, func(k *kube) {
			p := k.running(many)
			var got string // what it wrote is on its way when it runs
			if err := node.Await(k.ctx, func() bool { got = k.logs(p, "other"); return strings.HasPrefix(got, "of the other\none\ntwo\n") }); err != nil {
				k.Errorf("the containers ran as %q: %v", got, err)
			}
			if got := k.run(p, "main", "cat /work/order | wc -l"); got != "3" {
				k.Errorf("an exec sees %s lines, want 3", got)
			}
			if got := strings.Fields(k.run(p, "sidecar", "grep -h CapBnd /proc/1/status /proc/self/status")); got[1] != got[3] || got[1] == "0000000000000000" {
				k.Errorf("an exec in the sidecar has capabilities %s, and its first process %s", got[3], got[1])
			}
		}},
		{"a container that ends", []*corev1.Pod{job}, func(k *kube) {
			p := k.until(job, "failed", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
			if code := p.Status.ContainerStatuses[0].State.Terminated.ExitCode; code != 3 {
				k.Errorf("it ended with %d, want 3", code)
			}
			if got := k.logs(p, "main"); got != "done\n" {
				k.Errorf("its log is %q", got)
			}
		}},
		{"users of the pod's own", ownUsers, func(k *kube) {
			for _, p := range ownUsers {
				k.ownUsers(p)
				k.delete(p)
			}
		}},
		{"stats through the kubelet", nil, func(k *kube) { k.stats(many) }},
		{"what a pod costs", []*corev1.Pod{alone}, func(k *kube) { k.overhead(alone) }},
	}
}

// ownUsers expects that root of a pod is nobody on the node, where engine and
// machine can do that.
func (k *kube) ownUsers(p *corev1.Pod) {
	k.Helper()
	may, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_SYS_RESOURCE, 0, 0, 0)
	k.must(err)
	if may == 0 && *p.Spec.RuntimeClassName != cluster.Stock {
		// The tenant's limits are set on a process of other users.
		k.told(p, "error setting rlimit type")
		k.Log("root lacks CAP_SYS_RESOURCE here, which a tenant's pod with users of its own needs")
		return
	}
	k.running(p)
	fields := strings.Fields(k.run(p, "main", "cat /proc/self/uid_map"))
	if len(fields) != 3 || fields[0] != "0" || fields[1] == "0" {
		k.Errorf("the users of pod %s are %q, want root to be another user of the node", p.Name, fields)
	}
}
