package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/contrib/seccomp"
	"github.com/containerd/containerd/v2/core/containers"
	kernelcap "github.com/containerd/containerd/v2/pkg/cap"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"
)

// What containerd's CRI plugin writes. The plugin's own code is internal to
// it; this is its sequence of options over the same package oci. Source:
// containerd 2.4.2, internal/cri/server/container_create.go, buildLinuxSpec, and
// internal/cri/server/podsandbox/sandbox_run_linux.go, sandboxContainerSpec.

func (n *node) containerSpec(pod *corev1.Pod, c *container) (*specs.Spec, error) {
	opts := []oci.SpecOpts{
		oci.WithoutRunMount, withoutDefaultSecurity, oci.WithProcessArgs("/app"), oci.WithDefaultPathEnv, oci.WithNewPrivileges,
		oci.WithEnv([]string{"HOSTNAME=" + podName, "KUBERNETES_SERVICE_HOST=10.96.0.1"}),
	}
	if n.cgroup == "v2" && !c.privileged {
		opts = append(opts, oci.WithLinuxNamespace(specs.LinuxNamespace{Type: specs.CgroupNamespace}))
	}
	opts = append(opts, withCRIMounts(pod, c), oci.WithMaskedPaths([]string{}), oci.WithReadonlyPaths([]string{}))
	if !c.unmasked {
		opts = append(opts, oci.WithMaskedPaths(slices.Clone(maskedPaths)), oci.WithReadonlyPaths(slices.Clone(readonlyPaths)))
	}
	opts = append(opts, withCapabilities(c))
	process, file := n.labels(c.seLinux)
	if c.privileged {
		opts = append(opts, withPrivileged)
		process = ""
	}
	opts = append(opts, func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
		s.Process.SelinuxLabel, s.Linux.MountLabel = process, file
		s.Process.User = specs.User{UID: c.user, GID: c.group, AdditionalGids: []uint32{c.group, 10}}
		s.Process.NoNewPrivileges = c.noNewPrivs
		s.Root.Readonly = c.readOnlyRoot
		return nil
	})
	opts = append(opts, withScore(1000), withCgroup(c.name), withPodNamespaces(c), withAnnotations("container", c.name), n.withAppArmor(c), withSeccomp(c))
	return generate(c.name, opts)
}

func (n *node) sandboxSpec(pod *corev1.Pod) (*specs.Spec, error) {
	sc := pod.Spec.SecurityContext
	if sc == nil {
		sc = new(corev1.PodSecurityContext)
	}
	privileged := slices.ContainsFunc(containersOf(pod), func(c corev1.Container) bool {
		return c.SecurityContext != nil && is(c.SecurityContext.Privileged)
	})
	opts := []oci.SpecOpts{
		oci.WithoutRunMount, withoutDefaultSecurity, oci.WithEnv([]string{"PATH=/usr/bin"}), oci.WithRootFSReadonly(),
		oci.WithHostname(podName), oci.WithProcessArgs("/pause"), withCgroup(sandboxID), withSandboxNamespaces(pod), withSandboxMounts(pod),
	}
	options := corev1.SELinuxOptions{}
	if sc.SELinuxOptions != nil {
		options = *sc.SELinuxOptions
	}
	process, file := n.labels(options)
	uid, gid := uint32(65535), uint32(65535) // the pause image's
	if sc.RunAsUser != nil {
		uid, gid = uint32(*sc.RunAsUser), 0
	}
	opts = append(opts, func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
		s.Process.SelinuxLabel, s.Linux.MountLabel = process, file
		s.Process.User = specs.User{UID: uid, GID: gid, AdditionalGids: []uint32{gid}}
		s.Linux.Sysctl = sysctls(pod, sc)
		shares := uint64(2)
		s.Linux.Resources.CPU = &specs.LinuxCPU{Shares: &shares}
		return nil
	}, withScore(-998), withAnnotations("sandbox", ""))
	if !privileged { // the kubelet's word for every sandbox
		opts = append(opts, seccomp.WithDefaultProfile())
	}
	return generate(sandboxID, opts)
}

func generate(id string, opts []oci.SpecOpts) (*specs.Spec, error) {
	ctx := namespaces.WithNamespace(context.Background(), "k8s.io")
	return oci.GenerateSpecWithPlatform(ctx, nil, "linux/amd64", &containers.Container{ID: id}, opts...)
}

func withoutDefaultSecurity(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
	s.Process.ApparmorProfile, s.Linux.Seccomp, s.Process.Rlimits = "", nil, nil
	return nil
}

// withCapabilities does as opts.WithCapabilities: names without the prefix, in
// any case, and "ALL" first.
func withCapabilities(c *container) oci.SpecOpts {
	var opts []oci.SpecOpts
	if slices.Contains(c.add, "ALL") {
		opts = append(opts, oci.WithCapabilities(kernelcap.Known()))
	}
	if slices.Contains(c.drop, "ALL") {
		opts = append(opts, oci.WithCapabilities(nil))
	}
	return oci.Compose(append(opts, oci.WithAddedCapabilities(prefixed(c.add)), oci.WithDroppedCapabilities(prefixed(c.drop)))...)
}

func prefixed(names []string) []string {
	var all []string
	for _, name := range names {
		if name = strings.ToUpper(name); name != "ALL" {
			all = append(all, "CAP_"+name)
		}
	}
	return all
}

// withPrivileged does as oci.WithPrivileged and oci.WithHostDevices, for a node
// with all capabilities and two devices.
func withPrivileged(ctx context.Context, client oci.Client, c *containers.Container, s *specs.Spec) error {
	for _, name := range []string{"kmsg", "sda"} {
		s.Linux.Devices = append(s.Linux.Devices, specs.LinuxDevice{Path: "/dev/" + name, Type: "b", Major: 8})
	}
	return oci.Compose(oci.WithCapabilities(kernelcap.Known()), oci.WithMaskedPaths(nil), oci.WithReadonlyPaths(nil),
		oci.WithWriteableSysfs, oci.WithWriteableCgroupfs, oci.WithAllDevicesAllowed)(ctx, client, c, s)
}

func withScore(adj int) oci.SpecOpts {
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
		s.Process.OOMScoreAdj = &adj
		return nil
	}
}

func withCgroup(id string) oci.SpecOpts {
	return oci.WithCgroup(fmt.Sprintf("/kubepods/besteffort/pod%s/%s", podUID, id))
}

// withAnnotations are containerd's own; it passes none of a pod's by default.
func withAnnotations(kind, name string) oci.SpecOpts {
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
		const cri = "io.kubernetes.cri."
		s.Annotations = map[string]string{
			cri + "container-type": kind, cri + "sandbox-id": sandboxID, cri + "sandbox-namespace": namespace,
			cri + "sandbox-uid": podUID, cri + "sandbox-name": podName,
		}
		if kind == "sandbox" {
			s.Annotations[cri+"sandbox-log-directory"] = "/var/log/pods/acme_web_" + podUID
			s.Annotations[cri+"podsandbox.image-name"] = "registry.k8s.io/pause:3.10"
		} else {
			s.Annotations[cri+"container-name"] = name
			s.Annotations[cri+"image-name"] = "registry.k8s.io/pause:3.10"
		}
		return nil
	}
}
