package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// shared is a policy in which each tenant's containers share one network,
// which a CNI configuration connects, if there is one.
func (s *stage) shared(conflist string) node.Policy {
	if conflist != "" {
		conflist = ", conflist: " + conflist
	}
	const tenant = "network: {namespace: Tenant, host: [{address: node}]}"
	return node.Policy{
		Tenants: map[string]string{"acme": tenant, "globex": tenant, "single": "network: {namespace: Private}"},
		Node: fmt.Sprintf("network: {provide: [%s, %s, %s]%s}",
			s.node.Namespace("acme"), s.node.Namespace("globex"), s.node.Namespace("single"), conflist),
	}
}

func (s *stage) networkOf(c *container) string { return s.posture(c.Process).Namespaces["net"] }

func TestContainersOfATenantShareItsNetwork(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		s.apply(s.shared(""))
		server := s.sleeper("acme")
		server.Args = []string{"httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/etc"}
		first := s.start(server)
		second := s.start(s.sleeper("acme"))
		s.must(node.Await(s.ctx, func() bool {
			return s.wait(second.exec(nil, "wget", "-qO-", "http://127.0.0.1:8080/passwd")) == 0
		}))
		here, err := host.PostureOf(os.Getpid())
		s.must(err)
		seen := map[string]string{here.Namespaces["net"]: "the node", s.networkOf(first): "acme"}
		for _, r := range []node.Run{s.sleeper("globex"), s.sleeper("single"), s.sleeper("single")} {
			in := s.networkOf(s.start(r))
			if whose, taken := seen[in]; taken {
				s.Errorf("a container in %s has the network of %s", r.Namespace, whose)
			}
			seen[in] = r.Namespace
		}
		// What a client puts into it goes on: the network is not the first's.
		joined := s.start(s.sharing("acme", specs.NetworkNamespace, inProc(second.Pid(), "net")))
		want := s.networkOf(joined)
		first.delete()
		second.delete()
		if got := s.networkOf(s.start(s.sleeper("acme"))); got != want {
			s.Errorf("a container has %s, want %s, in which another still is", got, want)
		}
		s.expectRefused(s.sharing("globex", specs.NetworkNamespace, filepath.Join(s.node.Root().Networks(), "acme", "namespace")),
			"refused by namespaces: linux.namespaces[network].path is a namespace that is not this tenant's")
	})
}

// onOwnWorld runs a test on a node with a network of its own and the plugins of
// Debian's package.
func onOwnWorld(t *testing.T, test func(*stage)) {
	onlyIfItMatters(t)
	together(t)
	for _, shared := range nodes {
		t.Run(shared.Engine.Name, func(t *testing.T) {
			together(t)
			test(newStage(t, ownWorldOf(t, shared.Engine)))
		})
	}
}

// ownWorldOf starts a node with a network of its own, which ends with the test.
func ownWorldOf(t *testing.T, e node.Engine) *node.Node {
	t.Helper()
	n, err := node.StartKind(context.Background(), e, node.Kind{World: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// bridged writes a CNI configuration of a bridge, and returns where its
// addresses are noted.
func (s *stage) bridged() (conflist, addresses string) {
	s.Helper()
	conflist, addresses = filepath.Join(s.node.Dir(), "tenant.conflist"), filepath.Join(s.node.Dir(), "addresses")
	s.must(os.WriteFile(conflist, fmt.Appendf(nil, `{"cniVersion": "1.0.0", "name": "tenants", "plugins": [
		{"type": "bridge", "bridge": "tenants0", "isGateway": true,
		 "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.89.0.0/24"}], [{"subnet": "fd00:89::/64"}]]}}]}`, addresses), 0o600))
	return conflist, addresses
}

// noted are the addresses that plugins gave out.
func (s *stage) noted(addresses string) []string {
	s.Helper()
	found, err := filepath.Glob(filepath.Join(addresses, "tenants", "[0-9f]*"))
	s.must(err)
	return found
}

// ends are the host's ends of connections in the node's world.
func (s *stage) ends() []string {
	s.Helper()
	res, err := node.Finish(s.ctx, s.node.Enter("ip", "-o", "link", "show", "type", "veth"))
	s.must(err)
	s.must(res.Failed())
	return strings.FieldsFunc(res.Stdout, func(r rune) bool { return r == '\n' })
}

func TestNetworkOfATenantIsConnectedByCNI(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		conflist, addresses := s.bridged()
		s.apply(s.shared(conflist))
		first, second, other := s.start(s.sleeper("acme")), s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		if ends, noted := s.ends(), s.noted(addresses); len(ends) != 2 || len(noted) != 4 {
			s.Errorf("two tenants have connections %q and addresses %q, want 2 and 4", ends, noted)
		}
		if a, b, c := s.networkOf(first), s.networkOf(second), s.networkOf(other); a != b || a == c {
			s.Errorf("networks are %s and %s of one tenant, %s of another", a, b, c)
		}
		for _, c := range []*container{first, second, other} {
			p := c.exec(withoutCapabilities, "probe", "try", "ping:10.89.0.1")
			if s.wait(p); p.Stdout.String() != "ping:10.89.0.1 ok\n" {
				s.Errorf("the gateway does not answer: %s%s", p.Stdout, p.Stderr)
			}
		}
		res, err := s.node.Bulkhead(s.ctx, "top", "--once", "-o", "json", "acme")
		s.must(err)
		if strings.Contains(res.Stdout, `"networkReceivedBitsPerSecond": null`) {
			s.Errorf("top does not see the network: %s", res.Stdout)
		}
		res, err = s.node.Bulkhead(s.ctx, "describe", "container", first.ID)
		s.must(err)
		for _, want := range []string{"  namespace: +the tenant's\n", "  eth0: .*10.89.0.2/24, fd00:89::2/64"} {
			if !regexp.MustCompile(want).MatchString(res.Stdout) {
				s.Errorf("no %q in %s", want, res.Stdout)
			}
		}
		first.delete()
		if len(s.ends()) != 2 {
			s.Error("the tenant's network went before its last container")
		}
		second.delete()
		other.delete()
		if ends, noted := s.ends(), s.noted(addresses); len(ends)+len(noted) != 0 {
			s.Errorf("left after the last container: %q, %q", ends, noted)
		}
	})
}

func withoutCapabilities(p *specs.Process) { p.Capabilities = new(specs.LinuxCapabilities) }

// What was interrupted is disconnected later, by the configuration that it was
// connected with.
func TestGcDisconnectsANetworkWithoutContainers(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		conflist, addresses := s.bridged()
		s.apply(s.shared(conflist))
		c := s.start(s.sleeper("acme"))
		s.must(record.Remove(s.node.Root(), record.Scope(c.Namespace), c.ID))
		s.must(os.Remove(conflist))
		c.delete() // which leaves all that is the tenant's
		res, err := s.node.Bulkhead(s.ctx, "gc")
		s.must(err)
		s.must(res.Failed())
		if want := "tenant network acme removed\n"; !strings.Contains(res.Stdout, want) {
			s.Errorf("gc says %q, want %q in it", res.Stdout, want)
		}
		if ends, noted := s.ends(), s.noted(addresses); len(ends)+len(noted) != 0 {
			s.Errorf("left: %q, %q", ends, noted)
		}
	})
}

func TestKilledShimsNetworkIsDisconnected(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		conflist, addresses := s.bridged()
		s.apply(s.shared(conflist))
		c := s.start(s.sleeper("acme"))
		s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		s.must(node.Await(s.ctx, func() bool { return c.Delete(s.ctx) == nil }))
		// containerd answers before the shim's program has taken all away.
		if node.Await(s.ctx, func() bool { return len(s.ends())+len(s.noted(addresses)) == 0 }) != nil {
			s.Errorf("left: %q, %q", s.ends(), s.noted(addresses))
		}
	})
}

func TestUserNamespaceWithTheTenantsNetworkIsRefused(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		s.apply(s.shared(""))
		const want = "refused by namespaces: linux.namespaces[user] is set, want none with the tenant's network and a mount of sysfs; allow with network.namespace: Private"
		s.expectRefused(s.remapped("acme", 200000), want)
		r := s.remapped("acme", 200000)
		r.Spec = append(r.Spec, oci.WithoutMounts("/sys"))
		s.start(r)
	})
}

func TestPluginThatFailsRefusesTheContainer(t *testing.T) {
	onOwnWorld(t, func(s *stage) {
		conflist, addresses := s.bridged()
		text, err := os.ReadFile(conflist)
		s.must(err)
		s.must(os.WriteFile(conflist, []byte(strings.Replace(string(text), "10.89.0.0/24", "10.89.0.0/99", 1)), 0o600))
		s.apply(s.shared(conflist))
		s.expectRefused(s.sleeper("acme"), "make the network of tenant acme")
		if ends, noted := s.ends(), s.noted(addresses); len(ends)+len(noted) != 0 {
			s.Errorf("left: %q, %q", ends, noted)
		}
	})
}
