package integration

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// podNeighbours are two tenants with pods, on a node whose engine keeps its
// namespaces below a folder.
func podNeighbours(folder string) node.Policy {
	p := neighbours
	p.Pods, p.Node = true, "engineRoots: ["+folder+", /run/containerd]"
	return p
}

// engineNetwork mounts a network namespace that nobody lives in, as an engine
// makes one for a sandbox.
func (s *stage) engineNetwork(folder string) string {
	s.Helper()
	dir := filepath.Join(folder, "netns")
	s.must(os.MkdirAll(dir, 0o755))
	c := s.start(stock(s.sleeper("nobody")))
	path := s.mountNamespace(filepath.Join(dir, "cni-"+c.ID), inProc(c.Pid(), "net"))
	c.delete()
	return path
}

// A pod with a user namespace is made so by containerd from 2.0 on: the engine
// makes the user namespace and the network, the sandbox gets both by paths and
// the ID mappings once more, and the containers join the sandbox.
func TestPodWithAUserNamespaceAdoptsAndJoinsIt(t *testing.T) {
	kinds := map[specs.LinuxNamespaceType]string{specs.UserNamespace: "user", specs.NetworkNamespace: "net", specs.IPCNamespace: "ipc"}
	onEachEngine(t, neighbours, func(s *stage) {
		folder := s.TempDir()
		s.apply(podNeighbours(folder))
		web, thief := s.newPod("acme", "web"), s.newPod("globex", "thief")
		pinned := filepath.Join(folder, "sandboxes", web.sandbox, "pinned-namespaces")
		for _, dir := range []string{pinned, filepath.Join(folder, "netns")} {
			s.must(os.MkdirAll(dir, 0o755))
		}
		remapped := s.remapped("nobody", 1<<20)
		maker := s.start(stock(remapped))
		user := s.mountNamespace(filepath.Join(pinned, "user"), inProc(maker.Pid(), "user"))
		network := s.mountNamespace(filepath.Join(folder, "netns", "cni-1"), inProc(maker.Pid(), "net"))
		maker.delete()

		brings := append(remapped.Spec, at(specs.UserNamespace, user), at(specs.NetworkNamespace, network))
		s.expectRefused(thief.pause(brings...), "refused by namespaces: linux.namespaces[user].path is a namespace that is not this tenant's")
		sandbox := s.start(web.pause(brings...))
		joins := remapped.Spec
		for kind, file := range kinds {
			joins = append(joins, at(kind, inProc(sandbox.Pid(), file)))
		}
		inside := s.start(web.sleeper(joins...))
		want := s.posture(sandbox.Process).Namespaces
		for _, p := range []*node.Process{inside.Process, inside.exec(nil, "sleep", "600")} {
			got := s.posture(p).Namespaces
			for _, file := range kinds {
				if got[file] != want[file] {
					s.Errorf("it is in %s, want its sandbox's, %s", got[file], want[file])
				}
			}
		}
		joined := s.remapped("globex", 1<<21)
		joined.Spec = append(joined.Spec, at(specs.UserNamespace, inProc(sandbox.Pid(), "user")))
		s.expectRefused(joined, "refused by namespaces: linux.namespaces[user].path is a namespace that is not this tenant's")
	})
}

func TestSandboxAdoptsTheNetworkThatItsEngineMade(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		folder := s.TempDir()
		s.apply(podNeighbours(folder))
		path := s.engineNetwork(folder)
		web := s.pod("acme", "web", at(specs.NetworkNamespace, path))
		want := s.posture(web.started.Process).Namespaces["net"]

		inside := s.start(web.sleeper(at(specs.NetworkNamespace, inProc(web.started.Pid(), "net"))))
		if got := s.posture(inside.Process).Namespaces["net"]; got != want {
			s.Errorf("a container of the pod is in %s, want its sandbox's, %s", got, want)
		}
		const notIts = "refused by namespaces: linux.namespaces[network].path is a namespace that is not this tenant's"
		s.expectRefused(s.newPod("globex", "thief").pause(at(specs.NetworkNamespace, path)), notIts)
		thief := s.pod("globex", "thief", at(specs.NetworkNamespace, s.engineNetwork(folder)))
		s.expectRefused(thief.sleeper(at(specs.NetworkNamespace, inProc(web.started.Pid(), "net"))), notIts)
		s.expectRefused(thief.sleeper(at(specs.NetworkNamespace, s.engineNetwork(folder))), notIts)
		s.expectRefused(s.newPod("globex", "stray").pause(at(specs.NetworkNamespace, s.engineNetwork(s.TempDir()))),
			"linux.namespaces[network].path is in no folder of the engine, want one in /run/netns, or below a folder of the engine; allow with NodePolicy.engineRoots")
	})
}

func TestOneOfManySandboxesAdoptsANetwork(t *testing.T) {
	const many = 6
	onEachEngine(t, neighbours, func(s *stage) {
		folder := s.TempDir()
		s.apply(podNeighbours(folder))
		network := at(specs.NetworkNamespace, s.engineNetwork(folder))
		var runs []node.Run
		for i := range many {
			runs = append(runs, s.newPod([]string{"acme", "globex"}[i%2], "web").pause(network))
		}
		started, errs := make([]*node.Container, many), make([]error, many)
		var all sync.WaitGroup
		for i, r := range runs {
			all.Go(func() { started[i], errs[i] = s.node.Create(s.ctx, r) })
		}
		all.Wait()
		of := map[int]bool{}
		for i, c := range started {
			if errs[i] == nil {
				s.keep(c)
				of[i%2] = true
				continue
			}
			expectRefusal(s, errs[i], "refused by namespaces: linux.namespaces[network].path is a namespace that is not this tenant's")
		}
		if len(of) != 1 {
			s.Errorf("the network is of %d tenants, want one", len(of))
		}
	})
}

// Without Bulkhead the second pod shares the first one's network.
func TestStockShimGivesOneNetworkToTwoSandboxes(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		folder := s.TempDir()
		network := []oci.SpecOpts{at(specs.NetworkNamespace, s.engineNetwork(folder))}
		one := s.start(stock(s.newPod("acme", "web").pause(network...)))
		other := s.start(stock(s.newPod("globex", "thief").pause(network...)))
		if a, b := s.posture(one.Process).Namespaces["net"], s.posture(other.Process).Namespaces["net"]; a != b {
			s.Errorf("they are in %s and %s", a, b)
		}
	})
}
