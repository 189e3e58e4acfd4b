package judge

import (
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// member is one container of a pod as OCI spec.
type member struct {
	name string
	init bool
	spec *specs.Spec
}

// podOf turns specs back into the pod that they came from, as far as a runtime
// can see it. hostPaths says which namespaces' paths are the node's. Where a
// spec leaves open what was asked for, it is taken for the worse.
func (n *node) podOf(sandbox *specs.Spec, members []member, isHost func(path string) bool) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: podName, Namespace: namespace}}
	all := []*specs.Spec{sandbox}
	for _, m := range members {
		all = append(all, m.spec)
		c := corev1.Container{Name: m.name, SecurityContext: n.securityContext(m.spec)}
		if m.init {
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
		} else {
			pod.Spec.Containers = append(pod.Spec.Containers, c)
		}
	}
	host := func(t specs.LinuxNamespaceType) bool {
		return slices.ContainsFunc(all, func(s *specs.Spec) bool { return sharesHost(s, t, isHost) })
	}
	pod.Spec.HostNetwork = host(specs.NetworkNamespace) || host(specs.UTSNamespace)
	pod.Spec.HostPID = host(specs.PIDNamespace)
	pod.Spec.HostIPC = host(specs.IPCNamespace)
	hostUsers := host(specs.UserNamespace)
	pod.Spec.HostUsers = &hostUsers
	pod.Spec.SecurityContext = new(corev1.PodSecurityContext)
	if o, known := n.seLinuxOptions(sandbox.Process.SelinuxLabel); known {
		pod.Spec.SecurityContext.SELinuxOptions = o
	}
	for _, s := range all {
		for name, value := range s.Linux.Sysctl {
			if strings.HasPrefix(name, "user.") && !sharesHost(s, specs.UserNamespace, isHost) {
				continue // a limit on the pod's own user namespace
			}
			pod.Spec.SecurityContext.Sysctls = append(pod.Spec.SecurityContext.Sysctls, corev1.Sysctl{Name: name, Value: value})
		}
		for _, m := range s.Mounts {
			if v, ok := volumeOf(m); ok {
				pod.Spec.Volumes = append(pod.Spec.Volumes, v)
			}
		}
	}
	return pod
}

func sharesHost(s *specs.Spec, t specs.LinuxNamespaceType, isHost func(path string) bool) bool {
	i := slices.IndexFunc(s.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == t })
	return i < 0 || isHost(s.Linux.Namespaces[i].Path)
}

// volumeOf tells the volume of a mount. What a kubelet's plugin mounted, other
// than its own kinds, is the same for a claim and for a volume of the pod.
func volumeOf(m specs.Mount) (corev1.Volume, bool) {
	v := corev1.Volume{Name: m.Destination}
	if !slices.ContainsFunc(m.Options, func(o string) bool { return o == "bind" || o == "rbind" }) && m.Type != "bind" {
		return v, false
	}
	if !ofPod(m.Source) {
		v.HostPath = &corev1.HostPathVolumeSource{Path: m.Source}
		return v, true
	}
	plugged, ok := strings.CutPrefix(m.Source, kubelet+"/volumes/")
	if !ok {
		return v, false
	}
	switch kind, _, _ := strings.Cut(plugged, "/"); kind {
	case "kubernetes.io~empty-dir":
		v.EmptyDir = new(corev1.EmptyDirVolumeSource)
	case "kubernetes.io~configmap":
		v.ConfigMap = new(corev1.ConfigMapVolumeSource)
	case "kubernetes.io~secret":
		v.Secret = new(corev1.SecretVolumeSource)
	case "kubernetes.io~downward-api":
		v.DownwardAPI = new(corev1.DownwardAPIVolumeSource)
	case "kubernetes.io~projected":
		v.Projected = new(corev1.ProjectedVolumeSource)
	default:
		v.PersistentVolumeClaim = new(corev1.PersistentVolumeClaimVolumeSource)
	}
	return v, true
}

func (n *node) securityContext(s *specs.Spec) *corev1.SecurityContext {
	p := s.Process
	uid, nonRoot, gains, privileged, proc := int64(p.User.UID), p.User.UID != 0, !p.NoNewPrivileges, isPrivileged(s), corev1.DefaultProcMount
	if !masked(s) {
		proc = corev1.UnmaskedProcMount
	}
	sc := &corev1.SecurityContext{
		RunAsUser: &uid, RunAsNonRoot: &nonRoot, AllowPrivilegeEscalation: &gains, Privileged: &privileged, ProcMount: &proc,
		Capabilities:   capabilitiesOf(p.Capabilities),
		SeccompProfile: n.seccompProfile(s.Linux.Seccomp),
	}
	if o, known := n.seLinuxOptions(p.SelinuxLabel); known {
		sc.SELinuxOptions = o
	}
	if n.appArmor {
		sc.AppArmorProfile = appArmorProfile(p.ApparmorProfile)
	}
	return sc
}

// isPrivileged finds what nothing but privileged gives to a pod.
func isPrivileged(s *specs.Spec) bool {
	writable := func(m specs.Mount) bool {
		return (m.Type == "sysfs" || m.Type == "cgroup") && !slices.Contains(m.Options, "ro")
	}
	everyDevice := func(d specs.LinuxDeviceCgroup) bool {
		return d.Allow && (d.Type == "" || d.Type == "a") && d.Major == nil && d.Minor == nil
	}
	return slices.ContainsFunc(s.Mounts, writable) || s.Linux.Resources != nil && slices.ContainsFunc(s.Linux.Resources.Devices, everyDevice)
}

func masked(s *specs.Spec) bool {
	within := func(want, got []string) bool {
		return !slices.ContainsFunc(want, func(p string) bool { return !slices.Contains(got, p) })
	}
	return within(maskedPaths, s.Linux.MaskedPaths) && within(readonlyPaths, slices.Concat(s.Linux.ReadonlyPaths, s.Linux.MaskedPaths))
}

// capabilitiesOf says what sets hold: more than containerd's default as
// additions to it, less as additions to nothing.
func capabilitiesOf(sets *specs.LinuxCapabilities) *corev1.Capabilities {
	all := &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}
	if sets == nil {
		return all
	}
	held := slices.Compact(slices.Sorted(slices.Values(slices.Concat(sets.Bounding, sets.Effective, sets.Permitted, sets.Inheritable, sets.Ambient))))
	isDefault := func(name string) bool { return slices.Contains(criDefaultCapabilities, name) }
	lacks := slices.ContainsFunc(criDefaultCapabilities, func(name string) bool { return !slices.Contains(held, name) })
	if !lacks {
		all.Drop, held = nil, slices.DeleteFunc(held, isDefault)
	}
	for _, name := range held {
		all.Add = append(all.Add, corev1.Capability(strings.TrimPrefix(name, "CAP_")))
	}
	return all
}

// seccompProfile: without a filter a container asked for none, or said nothing
// where the kubelet has no default.
func (n *node) seccompProfile(p *specs.LinuxSeccomp) *corev1.SeccompProfile {
	switch {
	case p == nil && n.seccompDefault, p != nil && p.DefaultAction == specs.ActAllow && len(p.Syscalls) == 0:
		return &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	case p == nil:
		return nil
	}
	file := "bulkhead"
	return &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: &file}
}

func appArmorProfile(name string) *corev1.AppArmorProfile {
	switch name {
	case "", "unconfined":
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	case appArmorCRI:
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
	}
	return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &name}
}

// seLinuxOptions are what a label has other than the node's default; not known
// without SELinux, or for a label that confines nothing, as privileged has.
func (n *node) seLinuxOptions(label string) (*corev1.SELinuxOptions, bool) {
	got, normal := strings.SplitN(label, ":", 4), strings.SplitN(labelProcess, ":", 4)
	if !n.seLinux || len(got) != 4 {
		return nil, false
	}
	other := func(i int) string {
		if got[i] == normal[i] {
			return ""
		}
		return got[i]
	}
	return &corev1.SELinuxOptions{User: other(0), Role: other(1), Type: other(2), Level: other(3)}, true
}
