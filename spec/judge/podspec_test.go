package judge

import (
	"context"
	"slices"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"
)

// Namespaces and mounts of a pod. Source: containerd 2.4.2, as in containerd_test.go,
// and internal/cri/opts, WithMounts and WithPodNamespaces.

func withSandboxNamespaces(pod *corev1.Pod) oci.SpecOpts {
	network := oci.WithLinuxNamespace(specs.LinuxNamespace{Type: specs.NetworkNamespace, Path: podNetwork})
	if pod.Spec.HostNetwork {
		network = withoutNamespaces(specs.NetworkNamespace, specs.UTSNamespace)
	}
	opts := []oci.SpecOpts{network}
	if pod.Spec.HostPID {
		opts = append(opts, withoutNamespaces(specs.PIDNamespace))
	}
	if pod.Spec.HostIPC {
		opts = append(opts, withoutNamespaces(specs.IPCNamespace))
	}
	if inUserNamespace(pod) {
		path := podUsers
		if pod.Spec.HostNetwork {
			path = ""
		}
		opts = append(opts, oci.WithUserNamespace(idMappings(), idMappings()), oci.WithLinuxNamespace(specs.LinuxNamespace{Type: specs.UserNamespace, Path: path}))
	}
	return oci.Compose(opts...)
}

func withoutNamespaces(types ...specs.LinuxNamespaceType) oci.SpecOpts {
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
		s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return slices.Contains(types, ns.Type) })
		return nil
	}
}

// withPodNamespaces joins the sandbox's process, also where its namespace is
// the node's.
func withPodNamespaces(c *container) oci.SpecOpts {
	join := func(t specs.LinuxNamespaceType, file string) oci.SpecOpts {
		return oci.WithLinuxNamespace(specs.LinuxNamespace{Type: t, Path: sandboxNamespace(file)})
	}
	opts := []oci.SpecOpts{join(specs.NetworkNamespace, "net"), join(specs.IPCNamespace, "ipc"), join(specs.UTSNamespace, "uts")}
	if c.hostPID {
		opts = append(opts, join(specs.PIDNamespace, "pid"))
	}
	if c.users {
		opts = append(opts, join(specs.UserNamespace, "user"), oci.WithUserNamespace(idMappings(), idMappings()))
	}
	return oci.Compose(opts...)
}

func sandboxNamespace(file string) string { return "/proc/" + sandboxPID + "/ns/" + file }

// idMappings are the kubelet's: 65536 IDs, in multiples of that.
func idMappings() []specs.LinuxIDMapping {
	return []specs.LinuxIDMapping{{ContainerID: 0, HostID: firstID, Size: 65536}}
}

func withSandboxMounts(pod *corev1.Pod) oci.SpecOpts {
	shm := criState + "/shm"
	if pod.Spec.HostIPC {
		shm = "/dev/shm"
	}
	options := []string{"rbind", "ro", "nosuid", "nodev", "noexec"}
	mounts := []specs.Mount{
		{Source: shm, Destination: "/dev/shm", Type: "bind", Options: options},
		{Source: criRoot + "/resolv.conf", Destination: "/etc/resolv.conf", Type: "bind", Options: options},
	}
	return oci.Compose(oci.WithoutMounts("/dev/shm"), oci.WithMounts(mounts))
}

func withCRIMounts(pod *corev1.Pod, c *container) oci.SpecOpts {
	shm := criState + "/shm"
	if pod.Spec.HostIPC {
		shm = "/dev/shm"
	}
	all := slices.Concat(c.volumeMounts, []volumeMount{
		{criRoot + "/hostname", "/etc/hostname", c.readOnlyRoot},
		{criRoot + "/resolv.conf", "/etc/resolv.conf", c.readOnlyRoot},
		{shm, "/dev/shm", false},
	})
	mounts := []specs.Mount{{Source: "cgroup", Destination: "/sys/fs/cgroup", Type: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime", "ro"}}}
	for _, m := range all {
		mode := "rw"
		if m.readOnly {
			mode = "ro"
		}
		mount := specs.Mount{Source: m.source, Destination: m.destination, Type: "bind", Options: []string{"rbind", "rprivate", mode}}
		if c.users && m.source != shm { // tmpfs of old kernels cannot be mapped
			mount.UIDMappings, mount.GIDMappings = idMappings(), idMappings()
		}
		mounts = append(mounts, mount)
	}
	return oci.Compose(oci.WithoutMounts("/dev/shm"), oci.WithMounts(mounts))
}

// sysctls are the pod's and, with a network of its own, two that containerd
// gives by default (enable_unprivileged_ports, enable_unprivileged_icmp).
func sysctls(pod *corev1.Pod, sc *corev1.PodSecurityContext) map[string]string {
	all := map[string]string{}
	if !pod.Spec.HostNetwork {
		all["net.ipv4.ip_unprivileged_port_start"] = "0"
		if !inUserNamespace(pod) {
			all["net.ipv4.ping_group_range"] = "0 2147483647"
		}
	}
	for _, s := range sc.Sysctls {
		all[s.Name] = s.Value
	}
	return all
}
