package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// A criRefusal is what no tenant of level baseline may have of a pod, or of its
// only container.
type criRefusal struct {
	name, want string
	pod        func(*cri.PodSandboxConfig)
	container  func(*cri.ContainerConfig)
}

func shared(mode func(*cri.NamespaceOption)) func(*cri.PodSandboxConfig) {
	return func(c *cri.PodSandboxConfig) { mode(c.Linux.SecurityContext.NamespaceOptions) }
}

// hostNetwork asks for the node's network, with which goes its name.
func hostNetwork(c *cri.PodSandboxConfig) {
	c.Hostname = ""
	c.Linux.SecurityContext.NamespaceOptions.Network = cri.NamespaceMode_NODE
}

func (s *criStage) refusals() []criRefusal {
	return []criRefusal{
		{"host-network", "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]",
			hostNetwork, nil},
		{"host-pid", "linux.namespaces[pid] is the host's", shared(func(o *cri.NamespaceOption) { o.Pid = cri.NamespaceMode_NODE }), nil},
		{"host-ipc", "linux.namespaces[ipc] is the host's", shared(func(o *cri.NamespaceOption) { o.Ipc = cri.NamespaceMode_NODE }), nil},
		{"privileged", "refused by capabilities: process.capabilities is all that the node has",
			func(c *cri.PodSandboxConfig) { c.Linux.SecurityContext.Privileged = true },
			func(c *cri.ContainerConfig) { c.Linux.SecurityContext.Privileged = true }},
		{"sys-admin", "process.capabilities", nil, func(c *cri.ContainerConfig) {
			c.Linux.SecurityContext.Capabilities = &cri.Capability{AddCapabilities: []string{"SYS_ADMIN"}}
		}},
		{"host-path", `mounts["/host"].source is "` + s.folder() + `", want`, nil, func(c *cri.ContainerConfig) {
			c.Mounts = append(c.Mounts, &cri.Mount{ContainerPath: "/host", HostPath: s.folder()})
		}},
	}
}

// folder is one of the host, with a file.
func (s *criStage) folder() string {
	s.Helper()
	dir := filepath.Join(s.Dir(), "folder")
	s.must(os.MkdirAll(dir, 0o755))
	s.must(os.WriteFile(filepath.Join(dir, "note"), []byte("of the node"), 0o644))
	return dir
}

// ask starts a pod with one container.
func (s *criStage) ask(namespace, handler string, r criRefusal) (*criContainer, error) {
	s.Helper()
	p, err := s.try(namespace, handler, of(r.pod)...)
	if err != nil {
		return nil, err
	}
	c, err := p.try("main", "exec sleep 3600", of(r.container)...)
	return &criContainer{s, c}, err
}

// of is a list of what is not nil.
func of[T any](change func(T)) []func(T) {
	if change == nil {
		return nil
	}
	return []func(T){change}
}

func TestCRISaysWhyItRefuses(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, r := range s.refusals() {
			s.Run(r.name, func(t *testing.T) {
				s := newCRIStage(t, s.Node)
				for _, handler := range s.handlers() {
					_, err := s.ask(acmePods, handler, r)
					s.refused(err, r.want)
				}
				_, err := s.ask(acmePods, pods.Stock, r) // what is refused would have worked
				s.must(err)
			})
		}
	})
}

// A pod belongs to the tenant of its Kubernetes namespace, or to nobody: whatever
// the handler.
func TestCRIPodsWithoutATenantAreRefused(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, handler := range s.handlers() {
			_, err := s.try(nobodys, handler)
			s.refused(err, "no tenant selects")
		}
		_, err := s.try(acmePods, pods.Pinned)
		s.refused(err, "name different tenants; make them agree")
		if got := s.pod(globexPods, pods.Pinned).sleeper().limits().memory; got != 512*mi {
			s.Errorf("by the handler of globex a container has %d Mi, want globex's", got/mi)
		}
		_, err = s.try(acmePods, "none")
		if err == nil || !strings.Contains(err.Error(), `no runtime for "none" is configured`) {
			s.Errorf("a handler that there is not: %v", err)
		}
		s.pod(nobodys, pods.Stock).sleeper()
	})
}

// An exempt namespace's pods run as asked, with everything that tenants are
// refused.
func TestCRIRunsExemptPodsAsAsked(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		all := criRefusal{
			pod: func(c *cri.PodSandboxConfig) {
				c.Linux.SecurityContext.Privileged = true
				hostNetwork(c)
				shared(func(o *cri.NamespaceOption) { o.Pid = cri.NamespaceMode_NODE })(c)
			},
			container: func(c *cri.ContainerConfig) {
				c.Linux.SecurityContext.Privileged = true
				c.Mounts = append(c.Mounts, &cri.Mount{ContainerPath: "/host", HostPath: s.folder()})
			},
		}
		for _, handler := range s.handlers() {
			c, err := s.ask(exempt, handler, all)
			s.must(err)
			if got := c.run("cat /host/note; echo; ip -o link show cni0 | wc -l; set -- /proc/[0-9]*; [ $# -gt 5 ] && echo all"); got != "of the node\n1\nall" {
				s.Errorf("%s: it sees %q, want the node's file, bridge and processes", handler, got)
			}
		}
	})
}
