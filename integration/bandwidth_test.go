package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// slowAcme is acme with limits of bandwidth, in bits a second.
func slowAcme(limits string) node.Policy {
	return node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi, bandwidth: " + limits + "}"}}
}

// shaped returns what a program on the node shows of acme's bandwidth.
func (s *dockerStage) shaped(program string, args ...string) string {
	s.Helper()
	out, err := s.Node.Enter(program, args...).CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// device is the one that acme's packets wait on, empty if there is none.
func (s *dockerStage) device() string {
	return regexp.MustCompile(`bw-acme-[0-9a-f]{6}`).FindString(s.shaped("ip", "-o", "link", "show", "type", "ifb"))
}

// ceilings are those of the classes of acme's device, in Mbit/s, in the order of
// words.
func (s *dockerStage) ceilings() (all []string) {
	device := s.device()
	if device == "" {
		return nil
	}
	for _, m := range regexp.MustCompile(` ceil ([0-9]+)Mbit`).FindAllStringSubmatch(s.shaped("tc", "class", "show", "dev", device), -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

func TestDockerBoundsBandwidth(t *testing.T) {
	onEachDocker(t, slowAcme("{ingressBitsPerSecond: 16M, egressBitsPerSecond: 8M}"), func(s *dockerStage) {
		s.sleeper("--name", "server")
		s.sleeper("--name", "client")
		s.expect("classes", fmt.Sprint(s.ceilings()), "[16 16 16 8 8 8]")

		// One mebibyte, with what carries it, takes eight million bits a second
		// more than a second.
		s.docker("exec", "server", "sh", "-c", "head -c 1048576 /dev/zero >/tmp/file; httpd -p 80 -h /tmp")
		address := s.docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "server")
		begin := time.Now()
		s.docker("exec", "client", "wget", "-qO", "/dev/null", "http://"+address+"/file")
		if took := time.Since(begin); took < time.Second {
			s.Errorf("a mebibyte took %v at 8 Mbit/s", took)
		}
		if passed := s.passed(); passed < 1<<20 {
			s.Errorf("the classes counted %d bytes, want the mebibyte", passed)
		}
		id := s.docker("inspect", "-f", "{{.Id}}", "server")
		described, err := s.Node.Bulkhead(s.ctx, "describe", "container", id)
		s.must(err)
		if want := `(?m)^  sent: +[1-9][0-9]{6,} bytes, at most 8M bits a second; [0-9]+ packets dropped`; !regexp.MustCompile(want).MatchString(described.Stdout) {
			s.Errorf("no %s in\n%s", want, described.Stdout)
		}

		s.must(s.Node.Apply(s.ctx, slowAcme("{ingressBitsPerSecond: 80M}")))
		s.expect("classes", fmt.Sprint(s.ceilings()), "[80 80 80]")
		s.docker("rm", "-f", "client")
		s.expect("classes", fmt.Sprint(s.ceilings()), "[80 80]")

		s.must(s.Node.Apply(s.ctx, acmeOnDocker))
		s.expect("classes", fmt.Sprint(s.ceilings()), "[]")
		s.must(s.Node.Apply(s.ctx, slowAcme("{egressBitsPerSecond: 40M}")))
		s.expect("classes", fmt.Sprint(s.ceilings()), "[40 40]")
		s.docker("rm", "-f", "server")
		s.expect("device", s.device(), "")
		s.expect("table", fmt.Sprint(strings.Contains(s.shaped("nft", "list", "tables"), "bulkhead-bandwidth")), "false")
	})
}

// passed is what the classes of acme's leaves counted, in bytes.
func (s *dockerStage) passed() (sum int) {
	for _, m := range regexp.MustCompile(`leaf[^\n]*\n Sent ([0-9]+) bytes`).FindAllStringSubmatch(s.shaped("tc", "-s", "class", "show", "dev", s.device()), -1) {
		n, err := strconv.Atoi(m[1])
		s.must(err)
		sum += n
	}
	return sum
}

// A container in another's network namespace has its limits, which last as long
// as one of both.
func TestDockerBoundsWhoeverSharesANetwork(t *testing.T) {
	onEachDocker(t, slowAcme("{ingressBitsPerSecond: 8M}"), func(s *dockerStage) {
		s.sleeper("--name", "first")
		s.sleeper("--name", "second", "--network", "container:first")
		s.expect("classes", fmt.Sprint(s.ceilings()), "[8 8]")
		s.docker("rm", "-f", "second")
		s.expect("classes", fmt.Sprint(s.ceilings()), "[8 8]")
		s.docker("rm", "-f", "first")
		s.expect("device", s.device(), "")
	})
}

// An interface that comes while the container runs is bounded with the others, by
// the same limit.
func TestDockerBoundsWhatIsConnectedLater(t *testing.T) {
	onEachDocker(t, slowAcme("{ingressBitsPerSecond: 8M}"), func(s *dockerStage) {
		s.sleeper("--name", "first")
		s.docker("network", "create", "later")
		diverted := func() int {
			return strings.Count(s.shaped("nft", "list", "chains", "netdev"), "chain down-")
		}
		s.expect("interfaces", fmt.Sprint(diverted()), "1")
		s.docker("network", "connect", "later", "first")
		s.must(node.Await(s.ctx, func() bool { return diverted() == 2 }))
		s.expect("classes", fmt.Sprint(s.ceilings()), "[8 8]")
		s.docker("rm", "-f", "first")
		s.docker("network", "rm", "later")
		s.expect("device", s.device(), "")
	})
}

// An interface that has no end on the node has nothing that walls could stand at,
// and that could bound it.
func TestDockerRefusesAnInterfaceWithoutAnEndHere(t *testing.T) {
	onEachDocker(t, slowAcme("{ingressBitsPerSecond: 8M}"), func(s *dockerStage) {
		s.shaped("ip", "link", "add", "trunk", "type", "bridge")
		t.Cleanup(func() { s.shaped("ip", "link", "del", "trunk") })
		s.shaped("ip", "link", "set", "trunk", "up")
		s.docker("network", "create", "-d", "macvlan", "-o", "parent=trunk", "lan")
		sleep := []string{"run", "-d", "--network", "lan", node.ImageName, "sleep", "600"}
		s.refused("refused by network: interface eth0 is macvlan without an end on this node, want one whose other end is here; allow with network.walls: Preferred", sleep...)
		s.must(s.Node.Apply(s.ctx, node.Policy{Tenants: map[string]string{"acme": "network: {walls: Preferred}"}})) // the control
		s.docker(sleep...)
	})
}

// `ctr --cni` and Docker since 28 plug a container between its creation and its
// start. When its shim is killed, containerd has its traces taken away.
func TestContainerdBoundsWhatIsPluggedBeforeTheStart(t *testing.T) {
	onEachDocker(t, slowAcme("{egressBitsPerSecond: 8M}"), func(s *dockerStage) {
		c, err := s.Node.Create(s.ctx, node.Run{Namespace: s.Namespace, Args: []string{"sleep", "600"}})
		s.must(err)
		s.shaped("ip", "link", "add", "bound0", "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(c.Pid()))
		s.must(c.Start(s.ctx))
		s.expect("classes", fmt.Sprint(s.ceilings()), "[8 8]")

		// The CLI is in another network namespace than the engine.
		policy := filepath.Join(s.Node.Dir(), "policy.yaml")
		text, err := os.ReadFile(policy)
		s.must(err)
		s.must(os.WriteFile(policy, bytes.ReplaceAll(text, []byte("8M"), []byte("80M")), 0o600))
		cli := filepath.Join(filepath.Dir(s.Node.Shim()), "bulkhead")
		cmd := exec.Command("nsenter", fmt.Sprintf("--mount=/proc/%d/ns/mnt", s.Node.Pid()), "--", cli, "apply", "-f", policy)
		cmd.Env = append(os.Environ(), tenant.RootEnv+"="+string(s.Node.Root()))
		res, err := node.Finish(s.ctx, cmd)
		s.must(err)
		s.must(res.Failed())
		s.expect("classes", fmt.Sprint(s.ceilings()), "[80 80]")

		s.must(unix.Kill(host.Parent(c.Pid()), unix.SIGKILL))
		s.must(node.Await(s.ctx, func() bool { return s.device() == "" }))
		s.must(node.Await(s.ctx, func() bool { return c.Delete(s.ctx) == nil }))
	})
}
