package integration

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/host"
)

// memoryOf sets what a container asks for and may have.
func memoryOf(quantity string) corev1.ResourceRequirements {
	list := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(quantity), corev1.ResourceCPU: resource.MustParse("100m")}
	return corev1.ResourceRequirements{Requests: list, Limits: list}
}

func (k *kube) resourceScenes() []scene {
	sized := func(name, class, memory string) *corev1.Pod {
		return podOf(acmePods, name, class, func(s *corev1.PodSpec) { s.Containers[0].Resources = memoryOf(memory) })
	}
	within, above, control := sized("resized", cluster.ByType, "64Mi"), sized("too-large", cluster.ByPath, "512Mi"), sized("too-large-stock", cluster.Stock, "512Mi")
	plain, bound := podOf(acmePods, "plain", cluster.ByPath), podOf(acmePods, "bound", cluster.ByType)
	full := podOf(globexPods, "full", cluster.ByType, func(s *corev1.PodSpec) {
		s.Volumes = []corev1.Volume{{Name: "small", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: resource.NewQuantity(1<<20, resource.BinarySI)}}}}
		s.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "small", MountPath: "/small"}}
		s.Containers[0].Command = []string{"sh", "-c", "dd if=/dev/zero of=/small/f bs=1M count=8; sleep 3600"}
	})
	return []scene{
		{"limits of containers", []*corev1.Pod{plain, above, control}, func(k *kube) {
			for _, c := range []struct {
				pod  *corev1.Pod
				want int64
			}{{plain, 64 * mi}, {above, 256 * mi}, {control, 512 * mi}} {
				k.running(c.pod)
				if got := k.memoryLimit(c.pod); got != c.want {
					k.Errorf("the memory of %s is limited to %d Mi, want %d", c.pod.Name, got/mi, c.want/mi)
				}
			}
			k.delete(control)
		}},
		{"bandwidth of a pod", []*corev1.Pod{bound}, func(k *kube) {
			k.running(bound)
			for _, ceiling := range []string{"700Mbit", "800Mbit"} {
				if got := k.leavesWith(ceiling); got == 0 {
					k.Errorf("no leaf has a ceiling of %s", ceiling)
				}
			}
			before := k.leavesWith("700Mbit")
			k.delete(bound)
			k.await("its leaf is gone", func() bool { return k.leavesWith("700Mbit") < before })
		}},
		{"a resize in place", []*corev1.Pod{within}, func(k *kube) {
			k.running(within)
			for _, step := range []struct {
				asked string
				want  int64
			}{{"128Mi", 128 * mi}, {"512Mi", 256 * mi}, {"96Mi", 96 * mi}} {
				k.resize(within, step.asked)
				k.await(step.asked+" is in force", func() bool { return k.memoryLimit(within) == step.want })
			}
			if now := k.get(within); now.Status.ContainerStatuses[0].RestartCount != 0 {
				k.Errorf("it was restarted: %+v", now.Status.ContainerStatuses)
			}
		}},
		{"eviction of a pod that fills its volume", []*corev1.Pod{full}, func(k *kube) {
			p := k.until(full, "evicted", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
			if p.Status.Reason != "Evicted" {
				k.Errorf("it failed for %s: %s", p.Status.Reason, p.Status.Message)
			}
		}},
	}
}

// resize asks for another limit of a running container's memory.
func (k *kube) resize(p *corev1.Pod, memory string) {
	k.Helper()
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "main", "resources": memoryOf(memory)}}}})
	k.must(err)
	_, err = k.API.CoreV1().Pods(p.Namespace).Patch(k.ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "resize")
	k.must(err)
}

// memoryLimit is what the kernel holds a pod's only container to.
func (k *kube) memoryLimit(p *corev1.Pod) int64 {
	k.Helper()
	limit, err := host.MemoryLimit.ReadInt(k.pid(p), 0)
	k.must(err)
	return limit
}

// pid is the id on the node of a container's first process, by its cgroup.
func (k *kube) pid(p *corev1.Pod) int {
	k.Helper()
	id := containerID(k.get(p).Status.ContainerStatuses[0])
	for _, pid := range host.InCgroups(func(path string) bool { return filepath.Base(path) == id }) {
		return pid
	}
	k.Fatalf("no process is in the cgroup of container %s of pod %s", id, p.Name)
	return 0
}

// leavesWith counts what the packets of pods wait in, on all devices, that has a
// ceiling as tc prints it.
func (k *kube) leavesWith(ceiling string) (leaves int) {
	k.Helper()
	on := func(program string, args ...string) string {
		out, err := exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", k.Node.Pid()), "--", program}, args...)...).CombinedOutput()
		if err != nil {
			k.Fatalf("%s: %v\n%s", program, err, out)
		}
		return string(out)
	}
	for line := range strings.Lines(on("ip", "-o", "link", "show", "type", "ifb")) {
		device := strings.TrimSuffix(strings.Fields(line)[1], ":")
		for class := range strings.Lines(on("tc", "class", "show", "dev", device)) {
			if strings.Contains(class, " leaf ") && strings.Contains(class, " ceil "+ceiling+" ") {
				leaves++
			}
		}
	}
	return leaves
}
