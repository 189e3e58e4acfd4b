package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

// overhead expects that a pod costs no more beside its containers than the
// RuntimeClass of deploy/kubernetes says: the shim, and the sandbox's process.
func (k *kube) overhead(p *corev1.Pod) {
	k.running(p)
	shim := host.Parent(k.pid(p))
	if got := filepath.Base(host.Program(shim)); got != "containerd-shim-bulkhead-v2" {
		k.Fatalf("the pod's shim is %s", got)
	}
	var all int64
	for _, pid := range append(host.Children(shim), shim) {
		if pid == k.pid(p) {
			continue
		}
		used := k.proportional(pid)
		k.Logf("%s: %d KiB", host.Command(pid), used>>10)
		all += used
	}
	if got := k.get(p).Spec.Overhead.Memory(); got.Cmp(*resource.NewQuantity(all, resource.BinarySI)) < 0 {
		k.Errorf("a pod costs %d KiB, and the overhead of its class is %s", all>>10, got)
	}
}

// proportional is a process's memory, with its part of what it shares (proc(5),
// smaps_rollup).
func (k *kube) proportional(pid int) int64 {
	k.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	k.must(err)
	for line := range strings.Lines(string(data)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "Pss: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	k.Fatalf("process %d has no Pss: %s", pid, data)
	return 0
}
