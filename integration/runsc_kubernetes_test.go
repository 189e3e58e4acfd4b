package integration

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
)

// sandboxedPods is the Kubernetes namespace of a tenant whose containers are run
// by runsc.
const sandboxedPods = "sandboxed"

// On a real node: the kubelet asks the container over the pod's network, after
// an init container had it and after the container was started again.
func TestKubernetesRunsPodsUnderRunsc(t *testing.T) {
	onlyIfItMatters(t)
	needsRunsc(t)
	for _, n := range nodes {
		if !n.Engine.Modern() {
			continue
		}
		t.Run(n.Engine.Name, func(t *testing.T) {
			k := startCluster(t, n.Engine)
			p := podPolicy(k.Node.Node)
			p.Tenants[sandboxedPods] = "delegate: runsc\nlimits: {cpu: \"2\", memory: 1Gi}\ncontainer: {default: {memory: 128Mi}}"
			k.must(k.Node.Apply(k.ctx, p))
			k.makeNamespace(sandboxedPods)
			web := podOf(sandboxedPods, "web", cluster.ByType, func(s *corev1.PodSpec) {
				s.InitContainers = []corev1.Container{containerOf("first", "dmesg | grep -q gVisor")}
				s.Containers[0].Command = []string{"httpd", "-f", "-p", "8080", "-h", "/bin"}
				s.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/sh", Port: intstr.FromInt(8080)}}, PeriodSeconds: 1}
			})
			two := podOf(sandboxedPods, "two", cluster.ByPath, func(s *corev1.PodSpec) {
				s.Containers = append(s.Containers, containerOf("second", "sleep 3600"))
			})
			k.create(web)
			k.create(two)
			running := k.running(web)
			if got := k.run(running, "main", "hostname; dmesg | grep -c gVisor"); !strings.HasPrefix(got, "web\n") || strings.HasSuffix(got, "\n0") {
				k.Errorf("an exec says %q, want the pod's name, and gVisor's kernel", got)
			}
			k.told(two, "refused by delegate: containers of pod sandboxed/two is 2, want 1 at a time")
			_, _ = k.Exec(k.ctx, running.Namespace, running.Name, "main", "kill", "1") // which may end it with the container
			k.until(web, "started again", func(p *corev1.Pod) bool {
				return len(p.Status.ContainerStatuses) > 0 && p.Status.ContainerStatuses[0].RestartCount > 0 && p.Status.ContainerStatuses[0].Ready
			})
			nothingIsLeft(k)
		})
	}
}
