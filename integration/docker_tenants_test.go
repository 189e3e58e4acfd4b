package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// twoOnOneSocket are tenants of one daemon, whose containerd namespace is
// Docker's ordinary one and nobody's.
var twoOnOneSocket = node.Policy{Tenants: map[string]string{
	"acme": "limits: {memory: 128Mi}", "globex": "limits: {memory: 64Mi}",
}}

// onOneSocket runs a test on each dockerd that can have runtime entries: acme and
// globex, and the runtime by default, which pins nobody.
func onOneSocket(t *testing.T, p node.Policy, test func(*dockerStage)) {
	for _, e := range dockers(t) {
		if !e.NamesShims {
			continue // its runtimes are paths of delegates
		}
		t.Run(e.Name, func(t *testing.T) {
			settings := docker.Settings{Namespace: "moby", Pinned: map[string]string{"acme": "acme", "globex": "globex"}}
			s := newDockerStage(t, daemon(t, e, "moby", settings))
			s.must(s.Node.Apply(s.ctx, p))
			test(s)
		})
	}
}

// tenantsMemory is the limit of a container's tenant.
func (s *dockerStage) tenantsMemory(container string) int64 {
	s.Helper()
	memory, err := host.MemoryLimit.ReadInt(s.pid(container), 1)
	s.must(err)
	return memory
}

func TestDockerRuntimeEntryIsATenant(t *testing.T) {
	onOneSocket(t, twoOnOneSocket, func(s *dockerStage) {
		a, g := s.sleeper("--runtime", "acme", "--name", "one"), s.sleeper("--runtime", "globex", "--name", "two")
		if got := []int64{s.tenantsMemory(a), s.tenantsMemory(g)}; got[0] != 128*mebi || got[1] != 64*mebi {
			s.Errorf("their tenants' memory is %v, want acme's and globex's", got)
		}
		s.refused("refused: no tenant selects containerd namespace moby", "run", "--rm", node.ImageName, "true")
		s.docker("run", "--rm", "--runtime", "runc", node.ImageName, "true")
	})
}

func TestTenantsOfOneDockerCannotReachEachOther(t *testing.T) {
	onOneSocket(t, twoOnOneSocket, func(s *dockerStage) {
		s.sleeper("--runtime", "acme", "--name", "one", "-v", "data:/d", "--ipc", "shareable")
		const foreign = "is a namespace that is not this tenant's, want a new one, or that of a running container of the same tenant; nothing allows this"
		for kind, options := range map[string][]string{
			"network": {"--network", "container:one"}, "pid": {"--pid", "container:one"}, "ipc": {"--ipc", "container:one"},
		} {
			run := func(runtime string) []string {
				return append(append([]string{"run", "--rm", "--runtime", runtime}, options...), node.ImageName, "true")
			}
			s.docker(run("acme")...)
			s.docker(run("runc")...) // the positive control
			s.refused("refused by namespaces: linux.namespaces["+kind+"].path "+foreign, run("globex")...)
		}
		read := func(runtime string) []string {
			return []string{"run", "--rm", "--runtime", runtime, "-v", "data:/d", node.ImageName, "true"}
		}
		s.docker(read("acme")...)
		s.docker(read("runc")...)
		s.refused(`refused by mounts: mounts["/d"].source is "/var/lib/docker/volumes/data/_data"`, read("globex")...)
		s.refused(`refused by mounts: mounts["/d"].source is "/var/lib/docker/volumes/data/_data"`, "run", "--rm", "--runtime", "globex", "--volumes-from", "one", node.ImageName, "true")
	})
}

func TestDockerAnnotationNamesATenantWhereItIsTrusted(t *testing.T) {
	annotated := []string{"run", "--rm", "--annotation", "bulkhead.dev/tenant=globex", node.ImageName, "true"}
	onOneSocket(t, twoOnOneSocket, func(s *dockerStage) {
		s.refused("refused: no tenant selects containerd namespace moby", annotated...)
		p := twoOnOneSocket
		p.Node = "tenantAnnotation: {trustedContainerdNamespaces: [moby]}"
		s.must(s.Node.Apply(s.ctx, p))
		if got := s.tenantsMemory(s.sleeper("--annotation", "bulkhead.dev/tenant=globex")); got != 64*mebi {
			s.Errorf("its tenant's memory is %d, want globex's", got)
		}
		s.refused("refused", "run", "--rm", "--annotation", "bulkhead.dev/tenant=nobody", node.ImageName, "true")
		// Two facts that disagree.
		s.refused("refused", "run", "--rm", "--runtime", "acme", "--annotation", "bulkhead.dev/tenant=globex", node.ImageName, "true")
	})
}

// A daemon's containerd namespace is its tenant's, also with the stock runtime's
// name, behind which Bulkhead's shim may stand.
func TestDockerBehindTheStockShimsNameIsTheTenants(t *testing.T) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := newDockerStage(t, daemon(t, e, "takeover", docker.Settings{Takeover: true}))
			s.must(s.Node.Apply(s.ctx, acmeOnDocker))
			s.expectLimits(s.sleeper(), ofAcme)
			s.expectLimits(s.sleeper("--runtime", "runc", "--memory", "1g"), ofAcme)
			s.refused(onHostNetwork, "run", "--rm", "--runtime", "runc", "--network", "host", node.ImageName, "true")
		})
	}
}

func TestDockerRemapsUsers(t *testing.T) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := newDockerStage(t, daemon(t, e, "remap", docker.Settings{Remap: true}))
			p := acmeOnDocker
			p.Namespaces = map[string]string{"acme": s.Namespace + "*"}
			s.must(s.Node.Apply(s.ctx, p))
			c := s.sleeper("-v", "data:/d", "--tmpfs", "/scratch", "--init")
			s.expectLimits(c, ofAcme)
			s.expect("its IDs", strings.Join(strings.Fields(s.docker("exec", c, "cat", "/proc/self/uid_map")), " "), "0 1000000 65536")
			s.docker("exec", c, "sh", "-c", "echo kept >/d/file; echo temporary >/scratch/file")
			s.expect("the volume holds", s.docker("run", "--rm", "-v", "data:/d", node.ImageName, "cat", "/d/file"), "kept")
			own := s.capabilities(c)
			s.expect("capabilities of exec --privileged", s.capabilities(c, "--privileged"), own)
			s.expect("attached", s.docker("run", "--rm", node.ImageName, "id", "-u"), "0")
			joined := s.docker("run", "--rm", "--network", "container:"+c, node.ImageName, "cat", "/proc/self/uid_map")
			s.expect("the IDs of one that joins it", fmt.Sprint(strings.Fields(joined)), "[0 1000000 65536]")
			// --userns host asks for the node's own IDs.
			s.docker("run", "--rm", "--userns", "host", node.ImageName, "true")
		})
	}
}
