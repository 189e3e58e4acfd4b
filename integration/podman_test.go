package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// onPodman runs a test with Debian's Podman and Buildah, whose containers are
// acme's.
func onPodman(t *testing.T, keys string, test func(*storage)) {
	onEachEngine(t, node.Policy{}, func(s *stage) {
		s.apply(s.stored(keys))
		test(s.onStorage())
	})
}

func TestPodmansContainersAreTheTenants(t *testing.T) {
	onPodman(t, "limits: {memory: 256Mi}\ncontainer: {max: {memory: 128Mi}}", func(p *storage) {
		p.done("podman", "run", "--detach", "--name", "c1", "--network", "none", "--memory", "64m", "probe", "/bin/sleep", "600")
		r := p.runs("acme")
		limit := func(up int, want int64) {
			p.Helper()
			if got, err := host.MemoryLimit.ReadInt(r.Pid, up); got != want {
				p.Errorf("memory %d above the container is %d (%v), want %d", up, got, err, want)
			}
		}
		limit(0, 64<<20)
		limit(1, 256<<20)
		if out := p.done("podman", "exec", "c1", "echo", "inside"); out != "inside" {
			p.Errorf("exec printed %q", out)
		}
		if out := p.done("podman", "exec", "--privileged", "c1", "grep", "CapEff", "/proc/self/status"); !strings.HasSuffix(out, "00000000a80405fb") {
			p.Errorf("exec --privileged has %s, want what the container has", out)
		}
		p.done("podman", "update", "--memory", "1g", "c1")
		limit(0, 128<<20)
		for _, command := range []string{"verify", "why"} {
			args := []string{command}
			if command == "why" {
				args = append(args, r.ID)
			}
			res, err := p.node.Bulkhead(p.ctx, args...)
			p.must(err)
			if err := res.Failed(); err != nil {
				p.Errorf("bulkhead %v: %v", args, err)
			}
		}
		p.done("podman", "stop", "--time", "0", "c1")
		if left := p.node.Traces(); len(left) > len(p.before) {
			p.Errorf("a stopped container has left %v", left)
		}
		p.done("podman", "start", "c1")
		r = p.runs("acme")
		limit(1, 256<<20)
		p.done("podman", "rm", "--force", "--time", "0", "c1")
	})
}

func TestPodmanShowsWhyAContainerIsRefused(t *testing.T) {
	onPodman(t, "", func(p *storage) {
		for want, flags := range map[string][]string{
			"refused by capabilities: process.capabilities is all that the node has": {"--privileged", "--network", "none"},
			"refused by namespaces: linux.namespaces[network] is the host's":         {"--network", "host"},
			`refused by mounts: mounts["/d"].source is "/etc"`:                       {"--network", "none", "--volume", "/etc:/d"},
		} {
			out, err := p.run("podman", append(append([]string{"run", "--rm"}, flags...), "probe", "true")...)
			if err == nil || !strings.Contains(out, want) {
				p.Errorf("%v: %v: %s; want %s", flags, err, out, want)
			}
		}
		p.done("podman", "run", "--detach", "--name", "c1", "--network", "none", "--volume", "data:/d", "probe", "/bin/sleep", "600")
		p.done("podman", "exec", "c1", "touch", "/d/kept")
		p.done("podman", "rm", "--force", "--time", "0", "c1")
	})
}

func TestContainersOfAPodShareNamespacesOfTheirTenant(t *testing.T) {
	onPodman(t, "", func(p *storage) {
		p.done("podman", "run", "--detach", "--name", "c1", "--network", "none", "probe", "/bin/sleep", "600")
		first := p.runs("acme")
		p.done("podman", "run", "--detach", "--name", "c2", "--network", "container:c1", "--ipc", "container:c1", "probe", "/bin/sleep", "600")
		out := p.done("podman", "exec", "c2", "readlink", "/proc/self/ns/net")
		posture, err := host.PostureOf(first.Pid)
		p.must(err)
		if own := posture.Namespaces["net"]; out != own {
			p.Errorf("the second has network %s, the first %s", out, own)
		}
		for _, name := range []string{"c2", "c1"} {
			p.done("podman", "rm", "--force", "--time", "0", name)
		}
	})
}

func TestBuildahsStepsAreTheTenants(t *testing.T) {
	onPodman(t, "container: {max: {memory: 128Mi}}", func(p *storage) {
		c := p.done("buildah", "from", "--pull-never", "--signature-policy", p.path("policy.json"), "localhost/probe")
		step := func(flags []string, command ...string) (string, error) {
			args := append([]string{"run", "--isolation", "oci", "--runtime", p.path("bulkhead-runc")}, flags...)
			return p.run("buildah", append(append(args, c), command...)...)
		}
		none, acme := []string{"--network", "none"}, []string{"--runtime-flag", "bulkhead-tenant=acme"}
		if out, err := step(append(acme, none...), "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exit 7"); err == nil || !strings.Contains(out, "134217728") || !strings.Contains(out, "exit status 7") {
			p.Errorf("a step of acme's: %v: %s; want its limit, and that it ended with 7", err, out)
		}
		const want = "refused: no tenant owns the steps of image builds; set NodePolicy.builds.tenant"
		if out, err := step(none, "true"); err == nil || !strings.Contains(out, want) {
			p.Errorf("without a tenant: %v: %s; want %s", err, out, want)
		}
		p.done("buildah", "rm", c)
	})
}
