package integration

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// probed is a pod whose probes run a command each second and count themselves.
// One that fails once would restart its container, or take its readiness.
func probed(name, class string) *corev1.Pod {
	return podOf(acmePods, name, class, func(s *corev1.PodSpec) {
		probe := func(file string) *corev1.Probe {
			return &corev1.Probe{
				PeriodSeconds: 1, FailureThreshold: 1, TimeoutSeconds: 20,
				ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "echo >>/tmp/" + file}}},
			}
		}
		s.Containers[0].LivenessProbe, s.Containers[0].ReadinessProbe = probe("live"), probe("ready")
	})
}

// restarts kills containerd and the kubelet below pods with probes: none fails,
// and both go on where they were.
func restarts(k *kube) {
	pods := []*corev1.Pod{probed("probed", cluster.ByType), probed("probed-path", cluster.ByPath)}
	for _, p := range pods {
		k.create(p)
	}
	before := map[string]string{}
	for _, p := range pods {
		before[p.Name] = containerID(k.running(p).Status.ContainerStatuses[0])
	}
	probes := func(p *corev1.Pod) int {
		n, err := strconv.Atoi(strings.Fields(k.run(p, "main", "cat /tmp/live /tmp/ready | wc -l"))[0])
		k.must(err)
		return n
	}
	k.must(k.Kill())
	k.must(k.Restart(k.ctx))
	for _, p := range pods {
		k.goOn(p, probes)
	}
	k.must(k.KillKubelet())
	k.must(k.StartKubelet(k.ctx))
	for _, p := range pods {
		k.goOn(p, probes)
		now := k.running(p)
		c := now.Status.ContainerStatuses[0]
		if c.RestartCount != 0 || containerID(c) != before[p.Name] {
			k.Errorf("%s was restarted: %+v", p.Name, c)
		}
		for _, e := range k.events(p) {
			// While containerd is away a probe has no result, with any runtime.
			if strings.HasPrefix(e, "Unhealthy") && !strings.Contains(e, "errored and resulted in unknown state: rpc error: code = Unavailable") || strings.HasPrefix(e, "Killing") {
				k.Errorf("%s: %s", p.Name, e)
			}
		}
	}
}

// goOn expects further probes.
func (k *kube) goOn(p *corev1.Pod, probes func(*corev1.Pod) int) {
	k.Helper()
	k.await("containerd answers", func() bool {
		_, err := k.Exec(k.ctx, p.Namespace, p.Name, "main", "true")
		return err == nil
	})
	from := probes(p)
	k.await("probes go on", func() bool { return probes(p) >= from+4 })
}

// nothingIsLeft deletes every pod, and expects a machine as without any.
func nothingIsLeft(k *kube) {
	list, err := k.API.CoreV1().Pods(metav1.NamespaceAll).List(k.ctx, metav1.ListOptions{})
	k.must(err)
	for i := range list.Items {
		k.delete(&list.Items[i])
	}
	k.must(k.Clean(k.ctx))
	if rules := k.onNode("nft", "list", "ruleset"); strings.Contains(rules, "bulkhead") {
		k.Errorf("walls are left:\n%s", rules)
	}
}

func (k *kube) delete(p *corev1.Pod) {
	k.Helper()
	k.must(k.API.CoreV1().Pods(p.Namespace).Delete(k.ctx, p.Name, metav1.DeleteOptions{}))
}

func (k *kube) get(p *corev1.Pod) *corev1.Pod {
	k.Helper()
	now, err := k.API.CoreV1().Pods(p.Namespace).Get(k.ctx, p.Name, metav1.GetOptions{})
	k.must(err)
	return now
}

// await waits until a condition holds, looking no more than a few times a second.
func (k *kube) await(what string, holds func() bool) {
	k.Helper()
	began := time.Now()
	if err := node.Await(k.ctx, holds); err != nil {
		k.Fatalf("%s: not within %s", what, time.Since(began).Round(time.Second))
	}
}

// containerID is a container's, without the engine's name before it.
func containerID(c corev1.ContainerStatus) string {
	_, id, _ := strings.Cut(c.ContainerID, "://")
	return id
}
