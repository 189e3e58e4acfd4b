package runtime

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A sandbox is the process in which runsc runs a container with a kernel of its
// own. Its namespaces are its own and not the container's, which are inside; only
// the network namespace is the container's. It takes over the addresses of each
// interface there when the container starts, so two cannot share a network.
//
// runsc can run several containers in one sandbox, for a pod, but gives runc's
// task service the sandbox's pid for each, by whose end that service knows of the
// container's. So a pod's own sandbox container, which runs nothing of the
// tenant's, is run by the default delegate, and one container in a sandbox joins
// its network.

// useRunc is what would permit what a sandbox cannot do.
const useRunc = "delegate: runc"

// delegateFor is the name of the delegate of a tenant's container.
func delegateFor(c Caller, s *specs.Spec, p *tenant.Policy) string {
	if of, isPod := podOf(c.Namespace, s); isPod && of.isSandbox && p.Delegate == sandboxDelegate {
		return defaultDelegate
	}
	return p.Delegate
}

// Judge decides a Create by the policy, and by what its delegate can do.
func Judge(c *isolator.Case) (*isolator.Request, spec.Result, error) {
	final, result, err := spec.Rewrite(c)
	result.Denials = append(result.Denials, sandboxDenials(c)...)
	return final, result, err
}

// sandboxDenials is what of a request a sandbox cannot give, and would leave out
// without a word.
func sandboxDenials(c *isolator.Case) (all isolator.Denials) {
	if !c.Facts.Delegate.Sandbox {
		return nil
	}
	deny := func(path, got, want string) {
		all = append(all, &isolator.Denial{Isolator: "delegate", Path: path, Got: got, Want: want, Allow: useRunc})
	}
	switch c.Facts.Engine {
	case isolator.BuildKit, isolator.Buildah, isolator.Podman:
		deny("delegate", "runsc, which runs containers of containerd, Docker and Kubernetes", "runc or crun for "+string(c.Facts.Engine))
	}
	if p := c.Asked.Spec.Process; p != nil && p.SelinuxLabel != "" {
		deny("process.selinuxLabel", "set", "none: runsc starts nothing with a label")
	}
	for _, t := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.IPCNamespace} {
		path := fmt.Sprintf("linux.namespaces[%s]", t)
		switch c.Shape.Namespaces[t] {
		case isolator.Host:
			deny(path, "the host's", "an own one: the kernel of a sandbox has none of the host's")
		case isolator.Join:
			if c.Facts.Engine != isolator.CRI {
				deny(path+".path", "set", "an own one: the kernel of a sandbox shares none with another container")
			}
		}
	}
	return all
}

// onlyOne adds a denial where another container of the pod has its network.
//
// Preconditions: the tenant's lock is held, as for every container of the pod.
func (rt *Runtime) onlyOne(r *record.Record, full isolator.Denials) (isolator.Denials, error) {
	if r.Sandbox == "" {
		return full, nil
	}
	others, err := rt.others(r.Scope, r.ID)
	if err != nil {
		return full, err
	}
	for _, o := range others {
		if o.Scope == r.Scope && o.Sandbox == r.Sandbox && !o.IsSandbox && o.Committed() {
			return append(full, &isolator.Denial{
				Isolator: "delegate", Path: "containers of pod " + r.Pod, Got: "2",
				Want: "1 at a time: runsc runs it in a sandbox, which has the pod's network for itself", Allow: useRunc,
			}), nil
		}
	}
	return full, nil
}

// forDelegate is the spec as the delegate is to read it. To runsc the CRI
// plugin's annotations say that the container belongs into the sandbox that it
// made for the pod, which it did not; and a host name that comes with the pod's
// uts namespace is not seen there.
func (d *decision) forDelegate(s *specs.Spec) *specs.Spec {
	if !d.facts.Delegate.Sandbox {
		return s
	}
	written := *s
	written.Annotations = maps.Clone(s.Annotations)
	delete(written.Annotations, criContainerType)
	delete(written.Annotations, criSandboxID)
	if written.Hostname == "" && d.facts.Engine == isolator.CRI && s.Process != nil {
		written.Hostname = hostnameOf(s.Process.Env)
	}
	written.Mounts = slices.Clone(s.Mounts)
	for i, m := range written.Mounts {
		written.Mounts[i].Options = plainOptions(m.Options)
	}
	return &written
}

// plain are the options that runsc knows by another name. Of those that are for
// all that is mounted below too it takes no notice, so that what is to be
// read-only would be writable; its own are always for all: its file server serves
// the whole tree by them (gVisor 160fafc42237, pkg/lisafs, Readonly).
var plain = map[string]string{"rro": "ro", "rnosuid": "nosuid", "rnodev": "nodev", "rnoexec": "noexec"}

func plainOptions(options []string) []string {
	known := slices.Clone(options)
	for i, o := range known {
		if name, ok := plain[o]; ok {
			known[i] = name
		}
	}
	return known
}

// hostnameOf is the pod's host name, which the CRI plugin puts into the
// environment of each of its containers (containerd 1.6 to 2.4, hostnameEnv).
func hostnameOf(env []string) string {
	for _, kv := range slices.Backward(env) {
		if name, ok := strings.CutPrefix(kv, "HOSTNAME="); ok {
			return name
		}
	}
	return ""
}

func (a *Accepted) sandboxed() bool { return sandboxed(a.record.Delegate) }

// ofSandbox reports a namespace that a sandbox has one of for itself. It makes
// none for cgroups, having joined its own before, and none for clocks. Source:
// gVisor 160fafc42237, runsc/sandbox, createSandboxProcess.
func ofSandbox(t specs.LinuxNamespaceType) bool {
	return t != specs.CgroupNamespace && t != specs.TimeNamespace
}

// confirmLimits compares the limits of a sandbox's cgroup with those accepted,
// and sets them where they are not: runsc sets none of a cgroup that is there
// already (cgroup v1), and not all (idle, burst). A sandbox without does not
// start.
func (a *Accepted) confirmLimits() error {
	r := a.record
	if r.Cgroup == "" || r.Resources == nil {
		return nil
	}
	holds, err := cgroup.ContainerHolds(r.Cgroup, r.Resources)
	if err == nil && !holds {
		if err = cgroup.RestoreContainer(r.Cgroup, r.Resources); err == nil {
			holds, err = cgroup.ContainerHolds(r.Cgroup, r.Resources)
		}
	}
	if err == nil && !holds {
		err = fmt.Errorf("the cgroup %s has not the limits of the container", r.Cgroup)
	}
	if err != nil {
		return fmt.Errorf("look at the limits of the sandbox: %w", err)
	}
	return nil
}

// setSandbox changes the limits of a sandbox: the kernel's files first, whatever
// order runsc would write them in (it raises memory above memory and swap, which
// cgroup v1 refuses), then runsc's own account of them.
func (rt *Runtime) setSandbox(r *record.Record, to *specs.LinuxResources, tell func() error) error {
	if !sandboxed(r.Delegate) {
		return tell()
	}
	err := cgroup.SetContainer(r.Cgroup, r.Resources, to)
	if err == nil {
		err = tell()
	}
	if err != nil {
		return errors.Join(err, cgroup.SetContainer(r.Cgroup, to, r.Resources))
	}
	return nil
}
