package runtime

import (
	"errors"
	"io/fs"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Annotations of containerd's CRI plugin. It sets them after whatever a pod
// brings, so in its own containerd namespace they are its word (containerd
// 1.6 to 2.4); elsewhere anybody may have written them.
const (
	criContainerType = "io.kubernetes.cri.container-type"
	criSandboxID     = "io.kubernetes.cri.sandbox-id"
	criNamespace     = "io.kubernetes.cri.sandbox-namespace"
	criPodName       = "io.kubernetes.cri.sandbox-name"
	criPodUID        = "io.kubernetes.cri.sandbox-uid"
)

// pod is what the CRI plugin says of a container, zero for every other engine.
type pod struct {
	namespace string
	name      string // "<namespace>/<name>"
	uid       string
	sandbox   string // id
	isSandbox bool
}

// podOf reads the CRI plugin's word.
func podOf(namespace string, s *specs.Spec) (pod, bool) {
	kind := s.Annotations[criContainerType]
	if namespace != tenant.Kubernetes || kind == "" {
		return pod{}, false
	}
	return pod{
		namespace: s.Annotations[criNamespace],
		name:      s.Annotations[criNamespace] + "/" + s.Annotations[criPodName],
		uid:       s.Annotations[criPodUID],
		sandbox:   s.Annotations[criSandboxID],
		isSandbox: kind == "sandbox",
	}, true
}

func (c Caller) engine(isPod bool) isolator.Engine {
	switch {
	case c.Engine != "":
		return c.Engine
	case isPod:
		return isolator.CRI
	case c.Namespace == "moby" || c.Namespace == "plugins.moby":
		return isolator.Docker
	default:
		return isolator.Containerd
	}
}

// evidence collects the facts that may name the container's tenant.
func (rt *Runtime) evidence(c Caller, s *specs.Spec) tenant.Evidence {
	if c.Engine != "" { // it has no namespaces, and whoever runs it writes its annotations
		return tenant.Evidence{Pinned: c.Pinned, Build: c.Engine.Builds()}
	}
	e := tenant.Evidence{
		ContainerdNamespace: c.Namespace,
		Pinned:              c.Pinned,
		Annotated:           s.Annotations[tenant.Annotation],
	}
	if p, isPod := podOf(c.Namespace, s); isPod {
		e.KubernetesNamespace = p.namespace
	}
	return e
}

// sandboxTenant returns the tenant recorded for a pod container's sandbox,
// empty for every other container.
func (rt *Runtime) sandboxTenant(c Caller, s *specs.Spec) (string, error) {
	p, isPod := podOf(c.Namespace, s)
	if !isPod || p.isSandbox {
		return "", nil
	}
	sandbox, err := record.Load(rt.root, c.Scope(), p.sandbox)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &tenant.Unresolved{Reason: "its sandbox was not started by Bulkhead; recreate the pod"}
	}
	if err != nil {
		return "", err
	}
	return sandbox.Tenant, nil
}

// Group is the key under which containers share one shim process: the sandbox
// of a pod, together with its tenant, else the container's own id. No
// annotation alone leads into another's shim.
func (rt *Runtime) Group(c Caller, config []byte) string {
	s := lenient(config)
	p, isPod := podOf(c.Namespace, s)
	if !isPod || p.sandbox == "" {
		return c.ID
	}
	e := rt.evidence(c, s)
	if rt.exempt(e) {
		return "exempt/" + p.sandbox
	}
	_, _, policy, err := rt.resolve(e)
	if err != nil {
		return c.ID
	}
	return policy.Name + "/" + p.sandbox
}

// resolve returns the policy in force for the evidence.
func (rt *Runtime) resolve(e tenant.Evidence) (*tenant.Store, *tenant.Node, *tenant.Policy, error) {
	st, err := tenant.Open(rt.root)
	if err != nil {
		return nil, nil, nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := st.Resolve(node, e)
	return st, node, p, err
}
