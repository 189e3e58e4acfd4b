package runtime

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"

	"github.com/containerd/containerd/v2/pkg/apparmor"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// NodeFacts finds out what this node can do.
func (rt *Runtime) NodeFacts() (isolator.NodeFacts, error) { return rt.facts() }

func nodeFacts() (isolator.NodeFacts, error) {
	mode, controllers, swap := cgroup.Controllers()
	caps, err := boundingSet()
	return isolator.NodeFacts{
		Cgroup:       mode,
		Controllers:  controllers,
		SwapLimit:    swap,
		Capabilities: caps,
		Architecture: goruntime.GOARCH,
		CPUs:         goruntime.NumCPU(),
		OOMScoreAdj:  ownOOMScore(),
		AppArmor:     apparmor.HostSupports(),
	}, err
}

// ownOOMScore is what a process inherits that is given none of its own
// (proc(5)). containerd gives its shims a low one. 0 if it cannot be read.
func ownOOMScore() int {
	data, _ := os.ReadFile("/proc/self/oom_score_adj")
	score, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return score
}

// Facts finds out what the isolators need to know of a request.
func (rt *Runtime) Facts(ctx context.Context, c Caller, asked *isolator.Request, node *tenant.Node, p *tenant.Policy) (isolator.Facts, error) {
	held := hold(asked.Spec)
	defer held.close()
	return rt.factsOf(ctx, c, asked, node, p, held)
}

// factsOf finds them out with the request's namespaces held open, which stay
// what they are found to be.
func (rt *Runtime) factsOf(ctx context.Context, c Caller, asked *isolator.Request, node *tenant.Node, p *tenant.Policy, held heldNamespaces) (isolator.Facts, error) {
	f, err := rt.identity(ctx, c, asked.Spec, node, delegateFor(c, asked.Spec, p))
	if err != nil {
		return isolator.Facts{}, err
	}
	if f.Node, err = rt.facts(); err != nil {
		return isolator.Facts{}, err
	}
	if err := rt.placeFacts(&f, node, p); err != nil {
		return isolator.Facts{}, err
	}
	uids, gids := idMappings(asked.Spec)
	f.Fifos = fifos(asked.Stdio, uids, gids)
	f.Binaries = hookBinaries(asked.Spec.Hooks)
	if f.Files, err = files(asked.Spec, grantsOf(node, p).to(f)); err != nil {
		return isolator.Facts{}, err
	}
	if f.Namespaces, err = rt.namespaces(&f, c.Scope(), held); err != nil {
		return isolator.Facts{}, err
	}
	return f, rt.idFacts(&f, asked.Spec, p.Name)
}

// placeFacts finds out where the tenant's containers go, and what the node has
// of what its limits name.
func (rt *Runtime) placeFacts(f *isolator.Facts, node *tenant.Node, p *tenant.Policy) (err error) {
	if f.Engine != isolator.CRI {
		if f.TenantCgroup, err = rt.tree.Place(p); err != nil {
			return err
		}
	}
	return rt.limitFacts(f, node, p)
}

// resourceFacts are what new resources of a running container are decided by.
func (rt *Runtime) resourceFacts(f *isolator.Facts, node *tenant.Node, p *tenant.Policy) (err error) {
	if f.Files, err = files(new(specs.Spec), grantsOf(node, p)); err != nil {
		return err
	}
	return rt.limitFacts(f, node, p)
}

func (rt *Runtime) limitFacts(f *isolator.Facts, node *tenant.Node, p *tenant.Policy) error {
	for _, l := range p.Limits.BlockIO {
		major, minor, err := cgroup.Disk(l.Device)
		if err != nil {
			return fmt.Errorf("limits.blockIO of tenant %s: %w", p.Name, err)
		}
		if f.BlockDevices == nil {
			f.BlockDevices = map[string]isolator.BlockDevice{}
		}
		f.BlockDevices[l.Device] = isolator.BlockDevice{Major: int64(major), Minor: int64(minor)}
	}
	if f.Node.Cgroup == "v2" {
		return nil // a cgroup there has no more CPUs than the one around it
	}
	cpus, err := rt.tree.CPUs(node)
	if err == nil && cpus != nil {
		f.CPUs = cpus.Of(p)
	}
	return err
}

// identity is who the container is and who runs it: all that one needs which
// passes as asked.
func (rt *Runtime) identity(ctx context.Context, c Caller, s *specs.Spec, node *tenant.Node, delegate string) (isolator.Facts, error) {
	d, err := rt.Delegate(ctx, node, delegate)
	if err != nil {
		return isolator.Facts{}, err
	}
	of, isPod := podOf(c.Namespace, s)
	return isolator.Facts{
		Engine:      c.engine(isPod),
		Namespace:   c.realm(),
		ContainerID: c.ID,
		Sandbox:     of.sandbox,
		IsSandbox:   of.isSandbox,
		PodUID:      of.uid,
		Pod:         of.name,
		Bundle:      c.Bundle,
		Delegate:    rt.delegateFacts(c, d),
	}, nil
}

// boundingSet names the capabilities that this process could pass on. A node
// may itself be a container that lacks some (capabilities(7), PR_CAPBSET_READ).
func boundingSet() ([]string, error) {
	var names []string
	for i, name := range capabilityNames {
		held, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(i), 0, 0, 0)
		if err == unix.EINVAL {
			break // the kernel is older than the list
		}
		if err != nil {
			return nil, os.NewSyscallError("prctl PR_CAPBSET_READ", err)
		}
		if held == 1 {
			names = append(names, name)
		}
	}
	return names, nil
}

// capabilityNames in the order of their numbers. Source: linux/capability.h, 6.18.
var capabilityNames = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
	"CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
	"CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
	"CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
}
