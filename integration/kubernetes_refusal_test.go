package integration

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
)

// refusedPods are what no tenant of level baseline may have, and what the pod's
// events say of it.
var refusedPods = []struct {
	name, want string
	change     func(*corev1.PodSpec)
}{
	{"privileged", "refused by capabilities: process.capabilities is all that the node has", func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	}},
	{"host-network", "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]", func(s *corev1.PodSpec) { s.HostNetwork = true }},
	{"host-pid", "linux.namespaces[pid] is the host's", func(s *corev1.PodSpec) { s.HostPID = true }},
	{"host-ipc", "linux.namespaces[ipc] is the host's", func(s *corev1.PodSpec) { s.HostIPC = true }},
	{"sys-admin", `process.capabilities`, func(s *corev1.PodSpec) {
		s.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}
	}},
}

func (k *kube) refusalScenes() []scene {
	var all []scene
	refused := func(namespace, name, want string, change ...func(*corev1.PodSpec)) {
		byType, byPath := podOf(namespace, name, cluster.ByType, change...), podOf(namespace, name+"-path", cluster.ByPath, change...)
		control := podOf(namespace, name+"-stock", cluster.Stock, change...)
		all = append(all, scene{"refused: " + name, []*corev1.Pod{byType, byPath, control}, func(k *kube) {
			k.told(byType, want)
			k.told(byPath, want)
			k.running(control) // what is refused would have worked
			for _, p := range []*corev1.Pod{byType, byPath} {
				k.neverRan(p)
				k.delete(p)
			}
			k.delete(control)
		}})
	}
	for _, r := range refusedPods {
		refused(acmePods, r.name, r.want, r.change)
	}
	refused(acmePods, "host-path", fmt.Sprintf("mounts[%q].source is %q, want", "/host", k.shared()), k.withHostPath)
	refused(nobodys, "no-tenant", "no tenant")

	free := podOf(exempt, "exempt", cluster.ByType, func(s *corev1.PodSpec) {
		s.HostNetwork, s.HostPID = true, true
		s.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
		k.withHostPath(s)
	})
	return append(all, scene{"an exempt namespace's pod runs as asked", []*corev1.Pod{free}, func(k *kube) {
		p := k.running(free)
		if got := k.run(p, "main", "cat /host/note; ls -d /proc/[0-9]* | wc -l; ip -o link show cni0 | wc -l"); !strings.HasPrefix(got, "of the node") || !strings.HasSuffix(got, "\n1") {
			k.Errorf("it sees %q, want the node's file, processes and bridge", got)
		}
	}})
}

// neverRan expects that no container of a pod was ever started.
func (k *kube) neverRan(p *corev1.Pod) {
	k.Helper()
	started := func(s corev1.ContainerState) bool {
		return s.Running != nil || s.Terminated != nil && s.Terminated.StartedAt.Unix() > 0
	}
	for _, c := range k.get(p).Status.ContainerStatuses {
		if started(c.State) || started(c.LastTerminationState) {
			k.Errorf("container %s of pod %s ran: %+v", c.Name, p.Name, c)
		}
	}
}
