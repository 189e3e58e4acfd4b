package judge

import (
	corev1 "k8s.io/api/core/v1"
)

// node is what of a Kubernetes node decides how a pod looks as OCI specs.
type node struct {
	name           string
	appArmor       bool // the kernel has it, containerd's default profile is loaded
	seLinux        bool // enforcing, with container-selinux
	seccompDefault bool // the kubelet's seccompDefault: unset is RuntimeDefault
	cgroup         string
}

// nodes differ in everything that a fixture's verdict can depend on: no kernel
// has both AppArmor and SELinux, and without seccompDefault a container that
// says nothing of seccomp is the same as one that wants none.
var nodes = []*node{
	{name: "Ubuntu", appArmor: true, cgroup: "v2"},
	{name: "Fedora", seLinux: true, seccompDefault: true, cgroup: "v2"},
	{name: "Debian", appArmor: true, seccompDefault: true, cgroup: "hybrid"},
}

const (
	podUID    = "0b4dd8a3-1f7c-4f0e-9c55-6c2b8a7f3d11"
	podName   = "web"
	namespace = "acme" // of Kubernetes
	sandboxID = "5a0d000000000000000000000000000000000000000000000000000000000000"

	kubelet    = "/var/lib/kubelet/pods/" + podUID
	criRoot    = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" + sandboxID
	criState   = "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/" + sandboxID
	podNetwork = "/var/run/netns/cni-0b4dd8a3-1f7c-4f0e-9c55-6c2b8a7f3d11"
	podUsers   = criState + "/pinned-namespaces/user"

	sandboxPID = "4711" // as in /proc/4711/ns
	firstID    = 65536 * 7

	labelProcess = "system_u:system_r:container_t:s0:c1,c2"
	labelFile    = "system_u:object_r:container_file_t:s0:c1,c2"
	appArmorCRI  = "cri-containerd.apparmor.d"
)

// Masks of the kubelet's procMount Default. Source: Kubernetes,
// pkg/securitycontext/util.go.
var (
	maskedPaths = []string{
		"/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
		"/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
	}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

// criDefaultCapabilities are containerd's. Source: containerd 2.4.2,
// pkg/oci/spec.go, defaultUnixCaps.
var criDefaultCapabilities = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// inUserNamespace reports a pod of hostUsers: false.
func inUserNamespace(pod *corev1.Pod) bool { return pod.Spec.HostUsers != nil && !*pod.Spec.HostUsers }
