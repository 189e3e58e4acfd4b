package integration

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// inNetworkOf runs a function in a process's network namespace.
func inNetworkOf(pid int, f func() error) error {
	world, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer world.Close()
	return namespace.In(int(world.Fd()), f)
}

// onEachNetwork runs a test in a lab of each engine and each way in which it
// plugs containers of two tenants into one network: under the stock shim, and
// then behind walls.
func onEachNetwork(t *testing.T, p node.Policy, test func(*lab)) {
	onlyIfItMatters(t)
	together(t)
	for _, shared := range nodes {
		t.Run("ctr on "+shared.Engine.Name, func(t *testing.T) {
			together(t)
			inLabsOfCtr(t, bothWays, shared.Engine, p, test)
		})
	}
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			together(t)
			inLabsOfDocker(t, bothWays, e, p, test)
		})
	}
}

// Ways of a lab: without walls, as the positive control, and with.
var bothWays, walledOnly = []bool{false, true}, []bool{true}

func inEach(t *testing.T, ways []bool, make func(t *testing.T, walls bool) *lab, test func(*lab)) {
	for _, walls := range ways {
		name := "stock"
		if walls {
			name = "Bulkhead"
		}
		t.Run(name, func(t *testing.T) {
			l := make(t, walls)
			l.T, l.walls = t, walls
			l.furnish()
			test(l)
		})
	}
}

func inLabsOfCtr(t *testing.T, ways []bool, e node.Engine, p node.Policy, test func(*lab)) {
	n := ownWorldOf(t, e)
	world := newStage(t, n)
	world.apply(p)
	world.plugged()
	inEach(t, ways, func(t *testing.T, walls bool) *lab {
		s := newStage(t, n)
		l := &lab{ctx: s.ctx, node: n, routed: true}
		l.plug = func(b boxed) *box {
			l.Helper()
			runtime := node.Stock
			if walls {
				runtime = node.Bulkhead
			}
			c := s.ctrServer(b.tenant, runtime, b.privileged)
			return l.join(&box{of: network.Name{Installation: n.Root().Installation(), Tenant: b.tenant, Scope: record.Scope(c.namespace), ID: c.id}, pid: c.pid(), exec: c.exec})
		}
		return l
	}, test)
}

func inLabsOfDocker(t *testing.T, ways []bool, e docker.Engine, p node.Policy, test func(*lab)) {
	inEach(t, ways, func(t *testing.T, walls bool) *lab {
		var s *dockerStage
		switch {
		case e.NamesShims:
			settings := docker.Settings{Namespace: "moby", Pinned: map[string]string{"acme": "acme", "globex": "globex"}}
			s = newDockerStage(t, daemon(t, e, "moby", settings))
		case walls:
			s = newDockerStage(t, daemon(t, e, "acme", docker.Settings{}))
		default:
			s = newDockerStage(t, daemon(t, e, "stock", docker.Settings{Stock: true}))
		}
		if walls {
			s.must(s.Node.Apply(s.ctx, p))
		}
		s.docker("network", "create", "-o", "com.docker.network.bridge.name="+labBridge,
			"--subnet", "10.90.0.0/24", "--ipv6", "--subnet", "fd00:90::/64", "--gateway", labGateway, "--gateway", labGateway6, labBridge)
		l := &lab{ctx: s.ctx, node: s.Node, publishes: true, beside: !e.NamesShims}
		l.plug = func(b boxed) *box { l.Helper(); return s.box(l, b, walls) }
		return l
	}, test)
}

// box starts a container of Docker's. On one whose tenant is its daemon, those of
// others are plugged into its bridge beside it.
func (s *dockerStage) box(l *lab, b boxed, walls bool) *box {
	s.Helper()
	options := []string{"run", "-d", "--network", cmp.Or(b.network, labBridge)}
	switch {
	case s.Engine.NamesShims && walls:
		options = append(options, "--runtime", b.tenant)
	case s.Engine.NamesShims:
		options = append(options, "--runtime", "runc")
	case b.tenant != "acme":
		return s.boxBeside(l, b.tenant, walls)
	}
	if b.privileged {
		options = append(options, "--cap-add", "NET_ADMIN")
	}
	id := s.docker(slices.Concat(options, b.publish, []string{node.ImageName, "probe", "serve", "80", "81"})...)
	return l.join(&box{
		of:   network.Name{Installation: s.Node.Root().Installation(), Tenant: b.tenant, Scope: record.Scope(s.Namespace), ID: id},
		pid:  s.pid(id),
		exec: func(args ...string) string { s.Helper(); return s.docker(append([]string{"exec", id}, args...)...) },
	})
}

func (s *dockerStage) boxBeside(l *lab, tenant string, walls bool) *box {
	s.Helper()
	runtime := node.Stock
	if walls {
		runtime = node.Bulkhead
	}
	made, err := s.Node.Create(s.ctx, node.Run{Namespace: s.Node.Namespace(tenant), Runtime: runtime, Args: []string{"probe", "serve", "80", "81"}})
	s.must(err)
	c := (&stage{T: l.T, node: s.Node, ctx: s.ctx}).keep(made)
	plugin := s.Node.Enter("/usr/lib/cni/bridge")
	plugin.Env = append(plugin.Env, "CNI_COMMAND=ADD", "CNI_CONTAINERID="+c.ID, "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni", fmt.Sprintf("CNI_NETNS=/proc/%d/ns/net", c.Pid()))
	plugin.Stdin = strings.NewReader(bridgeConfig(`"type": "bridge", `, filepath.Join(s.Node.Dir(), "beside"), 100))
	res, err := node.Finish(s.ctx, plugin)
	s.must(err)
	s.must(res.Failed())
	s.must(c.Start(s.ctx))
	return l.join(&box{
		of:  network.Name{Installation: s.Node.Root().Installation(), Tenant: tenant, Scope: record.Scope(c.Namespace), ID: c.ID},
		pid: c.Pid(),
		exec: func(args ...string) string {
			c.s.Helper()
			p := c.exec(nil, args...)
			c.s.wait(p)
			return p.Stdout.String()
		},
	})
}

// bridgeConfig is a CNI configuration of the lab's bridge, with addresses from a
// number on.
func bridgeConfig(head, dataDir string, first int) string {
	return fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "walled", %s"bridge": %q, "isDefaultGateway": true,
		"ipam": {"type": "host-local", "dataDir": %q, "ranges": [
			[{"subnet": "10.90.0.0/24", "rangeStart": "10.90.0.%[4]d", "gateway": %[5]q}],
			[{"subnet": "fd00:90::/64", "rangeStart": "fd00:90::%[4]d", "gateway": %[6]q}]]}}`, head, labBridge, dataDir, first, labGateway, labGateway6)
}
