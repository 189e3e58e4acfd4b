package judge

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// container is what the kubelet asks of containerd for a container: the
// security context as pod and container have it together. Source: Kubernetes,
// pkg/securitycontext and pkg/kubelet/kuberuntime/security_context.go.
type container struct {
	name         string
	privileged   bool
	add, drop    []string // capabilities, as written
	user         uint32
	group        uint32
	noNewPrivs   bool
	readOnlyRoot bool
	unmasked     bool // procMount: Unmasked
	seLinux      corev1.SELinuxOptions
	seccomp      profile
	appArmor     profile
	hostPID      bool
	users        bool // a user namespace of the pod's
	volumeMounts []volumeMount
}

// profile is a seccomp or AppArmor profile: "Unconfined", "RuntimeDefault" or
// "Localhost", then with a name.
type profile struct{ kind, name string }

// errNotHere is for a pod that a node would not start whatever the runtime.
var errNotHere = errors.New("not on this node")

func (n *node) container(pod *corev1.Pod, c *corev1.Container) (*container, error) {
	ps, cs := pod.Spec.SecurityContext, c.SecurityContext
	if ps == nil {
		ps = new(corev1.PodSecurityContext)
	}
	if cs == nil {
		cs = new(corev1.SecurityContext)
	}
	out := &container{
		name:         c.Name,
		privileged:   is(cs.Privileged),
		noNewPrivs:   cs.AllowPrivilegeEscalation != nil && !*cs.AllowPrivilegeEscalation,
		readOnlyRoot: is(cs.ReadOnlyRootFilesystem),
		unmasked:     cs.ProcMount != nil && *cs.ProcMount == corev1.UnmaskedProcMount,
		hostPID:      pod.Spec.HostPID,
		users:        inUserNamespace(pod),
		volumeMounts: volumeMounts(pod, c),
	}
	if cs.Capabilities != nil {
		out.add, out.drop = names(cs.Capabilities.Add), names(cs.Capabilities.Drop)
	}
	if o := first(cs.SELinuxOptions, ps.SELinuxOptions); o != nil {
		out.seLinux = *o
	}
	out.user, out.group = user(first(cs.RunAsUser, ps.RunAsUser), first(cs.RunAsNonRoot, ps.RunAsNonRoot))
	out.seccomp = n.seccompOf(first(cs.SeccompProfile, ps.SeccompProfile))
	var err error
	out.appArmor, err = n.appArmorOf(first(cs.AppArmorProfile, ps.AppArmorProfile), pod.Annotations[corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name])
	return out, err
}

// user is who the container runs as. Who the image names is not in a pod: it is
// root, except where the kubelet would then not start it.
func user(runAs *int64, nonRoot *bool) (uid, gid uint32) {
	switch {
	case runAs != nil:
		return uint32(*runAs), 0
	case is(nonRoot):
		return 65535, 65535 // registry.k8s.io/pause
	}
	return 0, 0
}

func (n *node) seccompOf(p *corev1.SeccompProfile) profile {
	switch {
	case p == nil && n.seccompDefault:
		return profile{kind: "RuntimeDefault"}
	case p == nil:
		return profile{kind: "Unconfined"}
	case p.LocalhostProfile != nil:
		return profile{string(p.Type), *p.LocalhostProfile}
	}
	return profile{kind: string(p.Type)}
}

// appArmorOf reads the field, else the annotation that came before it. A pod
// that wants a profile is not admitted by a kubelet without AppArmor.
func (n *node) appArmorOf(p *corev1.AppArmorProfile, annotation string) (profile, error) {
	out := profile{kind: "RuntimeDefault"}
	if name, local := strings.CutPrefix(annotation, corev1.DeprecatedAppArmorBetaProfileNamePrefix); local {
		out = profile{"Localhost", name}
	} else if annotation == corev1.DeprecatedAppArmorBetaProfileNameUnconfined {
		out.kind = "Unconfined"
	}
	if p != nil {
		out.kind = string(p.Type)
		if p.LocalhostProfile != nil {
			out.name = *p.LocalhostProfile
		}
	}
	if !n.appArmor && out.kind == "Localhost" {
		return out, fmt.Errorf("%w: it has no AppArmor", errNotHere)
	}
	return out, nil
}

// volumeMount is a folder or file of the node in a container.
type volumeMount struct {
	source, destination string
	readOnly            bool
}

// volumeMounts are what the kubelet mounts. The fixtures mount none of their
// volumes, so each container is given all: one that nobody mounts gives nobody
// anything. Source: Kubernetes, pkg/volume/*, GetPath, and pkg/kubelet/kubelet_pods.go.
func volumeMounts(pod *corev1.Pod, c *corev1.Container) []volumeMount {
	all := []volumeMount{
		{kubelet + "/etc-hosts", "/etc/hosts", false},
		{kubelet + "/containers/" + c.Name + "/6d1f29a7", "/dev/termination-log", false},
		{kubelet + "/volumes/kubernetes.io~projected/kube-api-access-x7k2p", "/var/run/secrets/kubernetes.io/serviceaccount", true},
	}
	for _, v := range pod.Spec.Volumes {
		m := volumeMount{source: kubelet + "/volumes/" + plugin(v.VolumeSource) + "/" + v.Name, destination: "/volumes/" + v.Name}
		switch {
		case v.HostPath != nil:
			m.source = v.HostPath.Path
		case v.ConfigMap != nil, v.Secret != nil, v.DownwardAPI != nil, v.Projected != nil:
			m.readOnly = true
		}
		all = append(all, m)
	}
	return all
}

// plugin is a volume's kind in the path where the kubelet mounts it. What is
// not the kubelet's own is mounted in the same places as a claim.
func plugin(v corev1.VolumeSource) string {
	switch {
	case v.EmptyDir != nil:
		return "kubernetes.io~empty-dir"
	case v.ConfigMap != nil:
		return "kubernetes.io~configmap"
	case v.Secret != nil:
		return "kubernetes.io~secret"
	case v.DownwardAPI != nil:
		return "kubernetes.io~downward-api"
	case v.Projected != nil:
		return "kubernetes.io~projected"
	case v.NFS != nil:
		return "kubernetes.io~nfs"
	case v.ISCSI != nil:
		return "kubernetes.io~iscsi"
	}
	return "kubernetes.io~csi"
}

func is(b *bool) bool { return b != nil && *b }

// first is the container's value, else the pod's.
func first[T any](container, pod *T) *T {
	if container != nil {
		return container
	}
	return pod
}

func names(caps []corev1.Capability) []string {
	all := make([]string, len(caps))
	for i, c := range caps {
		all[i] = string(c)
	}
	return all
}
