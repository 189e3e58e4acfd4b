package pods

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// A Pod is a sandbox, and what a kubelet knows of it.
type Pod struct {
	ID        string
	Config    *cri.PodSandboxConfig
	Namespace string

	n *Node
}

// PodOf is what a kubelet asks for, for a pod of a Kubernetes namespace that asks
// for nothing in particular. Source: kubelet 1.36,
// pkg/kubelet/kuberuntime/kuberuntime_sandbox.go.
func (n *Node) PodOf(namespace, name string) *cri.PodSandboxConfig {
	uid := fmt.Sprintf("uid-%d", n.serial.Add(1))
	return &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: name, Namespace: namespace, Uid: uid},
		Hostname:     name,
		LogDirectory: filepath.Join(n.Dir(), "logs", uid),
		DnsConfig:    &cri.DNSConfig{Servers: []string{"10.96.0.10"}, Options: []string{"ndots:5"}},
		Labels:       map[string]string{"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.uid": uid},
		Linux: &cri.LinuxPodSandboxConfig{
			CgroupParent: n.podCgroup(uid),
			Overhead:     &cri.LinuxContainerResources{}, Resources: &cri.LinuxContainerResources{},
			SecurityContext: &cri.LinuxSandboxSecurityContext{
				NamespaceOptions: &cri.NamespaceOption{Pid: cri.NamespaceMode_CONTAINER},
				Seccomp:          &cri.SecurityProfile{ProfileType: cri.SecurityProfile_RuntimeDefault},
			},
		},
	}
}

// RunPod starts a pod's sandbox by a handler.
func (n *Node) RunPod(ctx context.Context, config *cri.PodSandboxConfig, handler string) (*Pod, error) {
	p := &Pod{n: n, Config: config, Namespace: config.Metadata.Namespace}
	err := n.Do(func() error {
		return errors.Join(os.MkdirAll(config.LogDirectory, 0o755), os.MkdirAll(p.folder(), 0o750),
			os.WriteFile(filepath.Join(p.folder(), "etc-hosts"), []byte("127.0.0.1 localhost\n"), 0o644))
	})
	if err != nil {
		return nil, err
	}
	made, err := n.Runtime.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: config, RuntimeHandler: handler})
	if n.counts.add(&n.counts.pods, err); err != nil {
		return nil, errors.Join(err, p.removeTraces())
	}
	p.ID = made.PodSandboxId
	return p, nil
}

// folder is the kubelet's for the pod, in the world.
func (p *Pod) folder() string {
	return filepath.Join("/var/lib/kubelet/pods", p.Config.Metadata.Uid)
}

// Volume makes a volume of the pod, as the kubelet does for an emptyDir, and
// returns its path in the world.
func (p *Pod) Volume(name string) (string, error) {
	path := filepath.Join(p.folder(), "volumes/kubernetes.io~empty-dir", name)
	return path, p.n.Do(func() error { return errors.Join(os.MkdirAll(path, 0o777), os.Chmod(path, 0o777)) })
}

// Status is what containerd says of the sandbox.
func (p *Pod) Status(ctx context.Context) (*cri.PodSandboxStatus, error) {
	said, err := p.n.Runtime.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: p.ID})
	return said.GetStatus(), err
}

// Remove stops the pod with all of its containers, and removes what containerd
// and a kubelet have of it.
func (p *Pod) Remove(ctx context.Context) error {
	_, err := p.n.Runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: p.ID})
	if err == nil {
		_, err = p.n.Runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: p.ID})
	}
	return errors.Join(err, p.removeTraces())
}

// removeTraces removes a pod's cgroups, as the kubelet does when no process is in
// them any more, and its folders.
func (p *Pod) removeTraces() error {
	errs := []error{os.RemoveAll(p.Config.LogDirectory), p.n.Do(func() error { return os.RemoveAll(p.folder()) })}
	if p.n.slices {
		return errors.Join(append(errs, stopSlice(p.Config.Linux.CgroupParent))...)
	}
	for _, dir := range slices.Backward(p.n.cgroups()) {
		if strings.Contains(dir+"/", p.Config.Linux.CgroupParent+"/") {
			errs = append(errs, os.Remove(dir))
		}
	}
	return errors.Join(errs...)
}
