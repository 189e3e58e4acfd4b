package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// A pod is what a kubelet knows of one.
type pod struct {
	name, about string

	hostNetwork, hostPID, hostIPC bool
	sharedPIDs                    bool // shareProcessNamespace
	ownUsers                      bool // hostUsers: false
	hostPort                      int32
	sysctls                       map[string]string
	groups                        []int64 // fsGroup and supplementalGroups
	user                          *int64  // of the pod's securityContext
	seccomp                       *cri.SecurityProfile
	volumes                       map[string]volume
	containers                    []container // init containers first
}

// A container is one of a pod.
type container struct {
	name, image     string
	args            []string
	env             []string // NAME=value
	user, group     *int64
	add, drop       []string
	noNewPrivileges bool
	readOnlyRoot    bool
	privileged      bool
	unmasked        bool // procMount: Unmasked
	seccomp         *cri.SecurityProfile
	stdin, tty      bool
	cpu             int64 // request in thousandths
	cpuLimit        int64 // in thousandths; 0: none
	memory          int64 // limit in bytes; 0: none
	mounts          []mounted
}

// mounted is a volume at a place in a container.
type mounted struct {
	volume, at, subPath string
	readOnly            bool
	recursive           bool // recursiveReadOnly
	propagation         cri.MountPropagation
}

func number(n int64) *int64 { return &n }

var (
	runtimeDefault = &cri.SecurityProfile{ProfileType: cri.SecurityProfile_RuntimeDefault}
	unconfined     = &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined}
)

// uid is stable, so that recordings differ by what changed only.
func (p pod) uid() string {
	var sum uint64 = 14695981039346656037
	for _, c := range []byte(p.name) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", sum>>32, sum>>16&0xffff, sum>>8&0xfff, sum>>4&0xfff, sum&0xffffffffffff)
}

func (p pod) cgroup() string { return "/kubepods/burstable/pod" + p.uid() }

// folder is the kubelet's for the pod.
func (p pod) folder() string { return filepath.Join("/var/lib/kubelet/pods", p.uid()) }

func (p pod) metadata() *cri.PodSandboxMetadata {
	return &cri.PodSandboxMetadata{Name: p.name, Namespace: "acme-prod", Uid: p.uid()}
}

func (p pod) labels() map[string]string {
	return map[string]string{
		"app": p.name, "io.kubernetes.pod.name": p.name, "io.kubernetes.pod.namespace": "acme-prod", "io.kubernetes.pod.uid": p.uid(),
	}
}

// sandbox is the pod's, and makes the folders that a kubelet makes first.
// Source: kubelet 1.36, pkg/kubelet/kuberuntime/kuberuntime_sandbox.go.
func (p pod) sandbox() (*cri.PodSandboxConfig, error) {
	logs := filepath.Join("/var/log/pods", "acme-prod_"+p.name+"_"+p.uid())
	err := errors.Join(os.MkdirAll(logs, 0o755), os.MkdirAll(p.folder(), 0o750), os.WriteFile(filepath.Join(p.folder(), "etc-hosts"), []byte("127.0.0.1 localhost\n"), 0o644))
	for name, v := range p.volumes {
		err = errors.Join(err, v.prepare(p, name))
	}
	c := &cri.PodSandboxConfig{
		Metadata:     p.metadata(),
		Hostname:     p.name,
		LogDirectory: logs,
		DnsConfig:    &cri.DNSConfig{Servers: []string{"10.96.0.10"}, Searches: []string{"acme-prod.svc.cluster.local", "svc.cluster.local", "cluster.local"}, Options: []string{"ndots:5"}},
		Labels:       p.labels(),
		Annotations:  map[string]string{"kubernetes.io/config.source": "api", "kubernetes.io/config.seen": "2026-01-01T00:00:00Z"},
		Linux: &cri.LinuxPodSandboxConfig{
			CgroupParent: p.cgroup(),
			Sysctls:      p.sysctls,
			Overhead:     &cri.LinuxContainerResources{}, Resources: &cri.LinuxContainerResources{CpuPeriod: 100000, CpuShares: 102},
			SecurityContext: &cri.LinuxSandboxSecurityContext{
				NamespaceOptions: p.namespaces(), SupplementalGroups: p.groups, Seccomp: runtimeDefault,
			},
		},
	}
	if p.hostNetwork {
		c.Hostname = ""
	}
	for _, one := range p.containers {
		c.Linux.SecurityContext.Privileged = c.Linux.SecurityContext.Privileged || one.privileged
	}
	if p.user != nil {
		c.Linux.SecurityContext.RunAsUser = &cri.Int64Value{Value: *p.user}
	}
	if p.hostPort != 0 {
		c.PortMappings = []*cri.PortMapping{{HostPort: p.hostPort, ContainerPort: 80}}
	}
	return c, err
}

func (p pod) namespaces() *cri.NamespaceOption {
	n := &cri.NamespaceOption{Pid: cri.NamespaceMode_CONTAINER}
	if p.sharedPIDs {
		n.Pid = cri.NamespaceMode_POD
	}
	if p.hostPID {
		n.Pid = cri.NamespaceMode_NODE
	}
	if p.hostNetwork {
		n.Network = cri.NamespaceMode_NODE
	}
	if p.hostIPC {
		n.Ipc = cri.NamespaceMode_NODE
	}
	n.UsernsOptions = &cri.UserNamespace{Mode: cri.NamespaceMode_NODE}
	if p.ownUsers {
		ids := []*cri.IDMapping{{HostId: 1 << 20, ContainerId: 0, Length: 65536}}
		n.UsernsOptions = &cri.UserNamespace{Mode: cri.NamespaceMode_POD, Uids: ids, Gids: ids}
	}
	return n
}

// container is one of the pod's. Source: kubelet 1.36,
// pkg/kubelet/kuberuntime/kuberuntime_container.go and _linux.go,
// pkg/securitycontext/util.go.
func (p pod) container(c container) (*cri.ContainerConfig, error) {
	mounts, err := p.mounts(c)
	config := &cri.ContainerConfig{
		Metadata: &cri.ContainerMetadata{Name: c.name},
		Image:    &cri.ImageSpec{Image: reference(c.image), UserSpecifiedImage: reference(c.image)},
		Args:     c.args,
		Mounts:   mounts,
		LogPath:  c.name + "/0.log",
		Stdin:    c.stdin, StdinOnce: c.stdin, Tty: c.tty,
		Labels: p.labels(),
		Annotations: map[string]string{
			"io.kubernetes.container.hash": "6b3a3b9f", "io.kubernetes.container.restartCount": "0",
			"io.kubernetes.container.terminationMessagePath": "/dev/termination-log", "io.kubernetes.container.terminationMessagePolicy": "File",
			"io.kubernetes.pod.terminationGracePeriod": "30",
		},
		Linux: &cri.LinuxContainerConfig{Resources: c.resources(), SecurityContext: p.security(c)},
	}
	config.Labels["io.kubernetes.container.name"] = c.name
	for _, e := range append([]string{"KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_SERVICE_PORT=443"}, c.env...) {
		name, value := cut(e)
		config.Envs = append(config.Envs, &cri.KeyValue{Key: name, Value: []byte(value)})
	}
	return config, errors.Join(err, os.MkdirAll(filepath.Join("/var/log/pods", "acme-prod_"+p.name+"_"+p.uid(), c.name), 0o755))
}

func (c container) resources() *cri.LinuxContainerResources {
	r := &cri.LinuxContainerResources{CpuPeriod: 100000, CpuShares: max(2, c.cpu*1024/1000), OomScoreAdj: 1000, MemoryLimitInBytes: c.memory,
		HugepageLimits: []*cri.HugepageLimit{{PageSize: "2MB"}, {PageSize: "1GB"}}}
	r.CpuQuota = c.cpuLimit * 100
	if c.cpuLimit+c.memory > 0 {
		r.OomScoreAdj = 968
	}
	return r
}

// maskedPaths and readonlyPaths are the kubelet's for procMount: Default
// (pkg/securitycontext/util.go).
var (
	maskedPaths = []string{"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

func (p pod) security(c container) *cri.LinuxContainerSecurityContext {
	s := &cri.LinuxContainerSecurityContext{
		NamespaceOptions: p.namespaces(), SupplementalGroups: p.groups,
		Capabilities: &cri.Capability{AddCapabilities: c.add, DropCapabilities: c.drop},
		Privileged:   c.privileged, ReadonlyRootfs: c.readOnlyRoot, NoNewPrivs: c.noNewPrivileges,
		Seccomp: unconfined, Apparmor: nil,
	}
	if p.seccomp != nil {
		s.Seccomp = p.seccomp
	}
	if c.seccomp != nil {
		s.Seccomp = c.seccomp
	}
	if !c.unmasked && !c.privileged {
		s.MaskedPaths, s.ReadonlyPaths = maskedPaths, readonlyPaths
	}
	if user := c.user; user != nil || p.user != nil {
		if user == nil {
			user = p.user
		}
		s.RunAsUser = &cri.Int64Value{Value: *user}
		if c.group != nil {
			s.RunAsGroup = &cri.Int64Value{Value: *c.group}
		}
	}
	return s
}
