package integration

import (
	"fmt"
	"os"
	"slices"

	"github.com/containerd/containerd/v2/pkg/oci"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A pod is one as containerd's CRI plugin makes it, as far as a shim sees it: in
// the one containerd namespace where its annotations count, below a cgroup that
// the kubelet made for it.
type pod struct {
	s                    *stage
	namespace, name, uid string
	sandbox              string
	cgroup               string
	started              *container // the sandbox
}

// pod starts a pod's sandbox.
func (s *stage) pod(namespace, name string, asked ...oci.SpecOpts) *pod {
	s.Helper()
	p := s.newPod(namespace, name)
	p.started = s.start(p.pause(asked...))
	return p
}

// newPod is a pod that has no sandbox yet.
func (s *stage) newPod(namespace, name string) *pod {
	s.Helper()
	id, err := s.node.ID(tenant.Kubernetes)
	s.must(err)
	p := &pod{s: s, namespace: namespace, name: name, uid: "uid-" + id, sandbox: id}
	parent := s.node.Namespace("kubepods")
	p.cgroup = fmt.Sprintf("/%s/pod%s", parent, p.uid)
	s.Cleanup(func() { // as the kubelet does
		dirs := host.CgroupsNamed(func(name string) bool { return name == parent })
		slices.Sort(dirs)
		for _, dir := range slices.Backward(dirs) {
			_ = os.Remove(dir) // another pod may be in the outermost
		}
	})
	return p
}

// sleeper is a container of the pod that does nothing until it is killed.
func (p *pod) sleeper(asked ...oci.SpecOpts) node.Run {
	p.s.Helper()
	id, err := p.s.node.ID(tenant.Kubernetes)
	p.s.must(err)
	return p.run("container", id, asked...)
}

// pause is the pod's sandbox.
func (p *pod) pause(asked ...oci.SpecOpts) node.Run { return p.run("sandbox", p.sandbox, asked...) }

func (p *pod) run(kind, id string, asked ...oci.SpecOpts) node.Run {
	r := node.Run{Namespace: tenant.Kubernetes, ID: id, Args: []string{"sleep", "600"}}
	r.Spec = append([]oci.SpecOpts{
		oci.WithCgroup(p.cgroup + "/" + id),
		oci.WithAnnotations(map[string]string{
			"io.kubernetes.cri.container-type":    kind,
			"io.kubernetes.cri.sandbox-id":        p.sandbox,
			"io.kubernetes.cri.sandbox-namespace": p.namespace,
			"io.kubernetes.cri.sandbox-name":      p.name,
			"io.kubernetes.cri.sandbox-uid":       p.uid,
		}),
	}, asked...)
	return r
}
