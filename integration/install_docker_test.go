package integration

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A dockerInstall is a dockerd with nothing of Bulkhead's, and the flags that
// name its files to bulkhead install.
type dockerInstall struct {
	*dockerStage
	flags []string
}

// onStockDockers runs a test on a dockerd of its own of each engine.
func onStockDockers(t *testing.T, test func(*dockerInstall)) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := newDockerStage(t, daemon(t, e, "install", docker.Settings{Stock: true}))
			s.must(s.Node.Apply(s.ctx, acmeOnDocker))
			dir := s.Node.Dir()
			test(&dockerInstall{s, []string{
				"--docker", s.Engine.Program(), "--containerd", s.Engine.Containerd.Containerd, "--config", dir + "/daemon.json", "--units", dir + "/units",
				"--socket", dir + "/docker.sock", "--to", s.Node.Ahead(), "--path", s.Node.Path(), "--containerd-namespace", s.Daemon.Namespace,
				"--running", dir + "/state/io.containerd.runtime.v2.task",
			}})
		})
	}
}

// operator runs the operator's program where the daemon has its files.
func (i *dockerInstall) operator(args ...string) node.Result {
	i.Helper()
	res, err := i.Node.Bulkhead(i.ctx, args...)
	i.must(err)
	return res
}

func (i *dockerInstall) install(flags ...string) node.Result {
	i.Helper()
	return i.operator(append(append([]string{"install", "docker"}, i.flags...), flags...)...)
}

// installed runs install, which must succeed, and twice change nothing.
func (i *dockerInstall) installed(flags ...string) string {
	i.Helper()
	res := i.install(flags...)
	i.must(res.Failed())
	if again := i.install(flags...); again.Code != 0 || !strings.HasPrefix(again.Stdout, "nothing to do") {
		i.Errorf("the second run says %q and %q, want nothing to do", again.Stdout, again.Stderr)
	}
	return res.Stdout
}

// tree is what an installation may touch.
func (i *dockerInstall) tree() string {
	dir := i.Node.Dir()
	return tree(i.T, dir+"/bin", dir+"/daemon.json", dir+"/units", dir+"/root/var")
}

// restart does what install says, with the environment that systemd would give
// dockerd.
func (i *dockerInstall) restart() {
	i.Helper()
	i.Env = nil
	drop, _ := os.ReadFile(i.Node.Dir() + "/units/docker.service.d/bulkhead.conf") // there may be none
	for _, m := range regexp.MustCompile(`(?m)^Environment="(.*)"$`).FindAllSubmatch(drop, -1) {
		i.Env = append(i.Env, string(m[1]))
	}
	i.must(i.Node.Kill())
	i.must(i.Node.Restart(i.ctx))
	i.must(i.Kill())
	i.must(i.Restart(i.ctx))
}

// With the stock shim's name Bulkhead's is what `--runtime runc` gives, and
// uninstall gives back what was. Docker 20.10 has no other way.
func TestInstallTakesOverFromDocker(t *testing.T) {
	onStockDockers(t, func(i *dockerInstall) {
		host := []string{"run", "--rm", "--pid", "host", node.ImageName, "true"}
		i.docker(host...)
		before := i.tree()
		if !i.Engine.NamesShims {
			if res := i.install(); res.Code == 0 || !strings.Contains(res.Stderr, "use --takeover") {
				i.Errorf("without --takeover install says %q", res.Stderr)
			}
		}
		i.docker("run", "-d", "--name", "greedy", "--pid", "host", node.ImageName, "sleep", "600")
		i.docker("create", "--name", "ended", node.ImageName, "true")
		res := i.install("--takeover")
		for _, want := range []string{
			"container greedy would not start again: by namespaces: ", "or add --force",
			"container greedy (" + node.ImageName + ") stays outside of bulkhead until it is started again", "container ended (",
		} {
			if res.Code == 0 || !strings.Contains(res.Stderr, want) {
				i.Errorf("with a container that would be refused, install says %q, want %q", res.Stderr, want)
			}
		}
		if got := i.tree(); got != before {
			i.Errorf("a refused install left\n%s\nwant\n%s", got, before)
		}
		i.docker("rm", "-f", "greedy", "ended")

		if said := i.installed("--takeover"); !strings.Contains(said, "systemctl restart containerd docker") {
			i.Errorf("install says\n%s\nwant what to restart", said)
		}
		i.restart()
		i.docker("run", "--rm", node.ImageName, "true")
		i.refused("refused by namespaces: ", host...)
		i.refused("refused by namespaces: ", append([]string{"run", "--runtime", "runc"}, host[1:]...)...)

		i.must(i.operator("uninstall", "docker").Failed())
		if got := i.tree(); got != before {
			i.Errorf("after uninstall\n%s\nwant\n%s", got, before)
		}
		i.restart()
		i.docker(host...)
	})
}
