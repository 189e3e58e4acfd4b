package integration

import (
	"os"
	"path/filepath"
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
			s := newDockerStage(t, daemon(t, e, "install", docker.Settings{Stock: true, Placed: true}))
			s.must(s.Node.Apply(s.ctx, acmeOnDocker))
			t.Cleanup(s.cleanBuilds)
			dir := s.Node.Dir()
			if err := os.Mkdir(dir+"/units", 0o755); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
			test(&dockerInstall{s, []string{
				"--docker", s.Engine.Program(), "--containerd", s.Engine.Containerd.Containerd, "--config", dir + "/daemon.json", "--units", dir + "/units",
				"--socket", dir + "/docker.sock", "--to", s.Node.Ahead(), "--path", s.Node.Path(), "--containerd-namespace", s.Daemon.Namespace,
				"--running", dir + "/state/io.containerd.runtime.v2.task",
			}})
		})
	}
}

// cleanBuilds removes the cgroup above its steps that BuildKit leaves with the
// stock runc.
func (s *dockerStage) cleanBuilds() {
	left, _ := filepath.Glob("/sys/fs/cgroup/*/" + s.Node.Namespace("docker") + "/buildkit")
	for _, dir := range append(left, "/sys/fs/cgroup/"+s.Node.Namespace("docker")+"/buildkit") {
		if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
			s.Error(err)
		}
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
	return tree(i.T, dir+"/usr", dir+"/bin", dir+"/daemon.json", dir+"/units", dir+"/root/etc", dir+"/root/var/lib/bulkhead/install")
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

		if said := i.installed("--takeover"); !strings.Contains(said, "systemctl daemon-reload && systemctl restart containerd docker") {
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

// A build by BuildKit runs its steps by what install has told dockerd.
func TestInstallGivesBuildsToATenant(t *testing.T) {
	onStockDockers(t, func(i *dockerInstall) {
		const step, ofTenant = "RUN grep CapBnd /proc/self/status", "a80405fb" // without CAP_NET_RAW
		if out, err := i.build(step); err != nil || strings.Contains(out, ofTenant) {
			i.Fatalf("before, a build: %v: %s", err, out)
		}
		before := i.tree()
		if said := i.installed("--takeover"); !strings.Contains(said, "steps of image builds are refused until NodePolicy.builds.tenant says whose they are") {
			i.Errorf("install says\n%s\nwant that builds are refused", said)
		}
		i.restart()
		const want = "refused: no tenant owns the steps of image builds; set NodePolicy.builds.tenant"
		if out, err := i.build(step); err == nil || !strings.Contains(out, want) {
			i.Errorf("without a tenant of builds: %v: %s", err, out)
		}
		p := node.Policy{Tenants: map[string]string{"ci": ""}, Node: "builds: {tenant: ci}"}
		i.must(i.Node.Apply(i.ctx, p))
		if out, err := i.build(step); err != nil || !strings.Contains(out, ofTenant) {
			i.Errorf("with one, a build: %v: %s, want the capabilities of a tenant", err, out)
		}
		i.must(i.operator("uninstall", "docker").Failed())
		if got := i.tree(); got != before {
			i.Errorf("after uninstall\n%s\nwant\n%s", got, before)
		}
		i.restart()
		if out, err := i.build(step); err != nil || strings.Contains(out, ofTenant) {
			i.Errorf("after uninstall, a build: %v: %s", err, out)
		}
	})
}

// build builds a step with the client of Docker 20.10, which has BuildKit's own
// client in it.
func (i *dockerInstall) build(step string) (string, error) {
	i.Helper()
	cmd, err := i.BuildKit("--no-cache", "-")
	i.must(err)
	cmd.Stdin = strings.NewReader("FROM " + node.ImageName + "\n" + step + "\n")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// From Docker 24 on daemon.json names the shim: as a runtime, as a tenant's, and
// as that of whoever names none.
func TestInstallNamesRuntimesToDocker(t *testing.T) {
	onStockDockers(t, func(i *dockerInstall) {
		if !i.Engine.NamesShims {
			i.Skip("this Docker cannot name a shim")
		}
		i.must(i.Node.Apply(i.ctx, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi}"}}))
		before := i.tree()
		i.docker("run", "-d", "--name", "greedy", "--pid", "host", node.ImageName, "sleep", "600")
		if res := i.install("--tenant", "acme"); res.Code != 0 || !strings.Contains(res.Stderr, "greedy ("+node.ImageName+") stays outside of bulkhead until it is created anew") {
			i.Errorf("with a container outside, install ends with %d and says %q", res.Code, res.Stderr)
		}
		if res := i.install("--default"); res.Code == 0 || !strings.Contains(res.Stderr, "container greedy would not start again: by namespaces: ") {
			i.Errorf("as the default, install ends with %d and says %q", res.Code, res.Stderr)
		}
		if res := i.install("--default", "--force"); res.Code != 0 {
			i.Errorf("forced, install ends with %d and says %q", res.Code, res.Stderr)
		}
		i.docker("rm", "-f", "greedy")
		i.must(i.operator("uninstall", "docker").Failed())

		i.installed("--default", "--tenant", "acme")
		i.restart()
		host := []string{"--rm", "--pid", "host", node.ImageName, "true"}
		i.refused("refused by namespaces: ", append([]string{"run"}, host...)...)
		i.refused("refused by namespaces: ", append([]string{"run", "--runtime", "bulkhead"}, host...)...)
		i.docker(append([]string{"run", "--runtime", "runc"}, host...)...)
		i.docker("volume", "create", "data")
		i.docker("network", "create", "back")
		i.sleeper("--name", "web", "--runtime", "acme", "-v", "data:/data", "-v", "/anonymous", "-e", "GREETING=it's us", "--network", "back", "--network-alias", "www",
			"-p", "127.0.0.1:8080:80", "--memory", "32m", "--restart", "on-failure:3", "--label", "of=acme", "--cap-drop", "CHOWN")
		if got := i.limits("web"); got.memory != 32<<20 {
			i.Errorf("the tenant's container has %+v", got)
		}
		i.pinnedUntilRecreated("web")
		i.must(i.operator("uninstall", "docker").Failed())
		if got := i.tree(); got != before {
			i.Errorf("after uninstall\n%s\nwant\n%s", got, before)
		}
		i.restart()
		i.docker("start", "web")
	})
}

// pinnedUntilRecreated expects uninstall to refuse, and what it prints to make
// the container anew as it was.
func (i *dockerInstall) pinnedUntilRecreated(name string) {
	i.Helper()
	const shows = "{{json .HostConfig.PortBindings}} {{json .HostConfig.RestartPolicy}} {{.HostConfig.Memory}} {{json .HostConfig.CapDrop}} {{json .Config.Env}} {{json .Config.Labels}} " +
		"{{json .Config.Cmd}} {{range .Mounts}}{{.Name}} {{.Destination}} {{end}}{{range $n, $v := .NetworkSettings.Networks}}{{$n}} {{$v.Aliases}}{{end}}"
	id, before := i.docker("inspect", "--format", "{{.Id}}", name)[:12], i.docker("inspect", "--format", shows, name)
	res := i.operator("uninstall", "docker")
	lines := regexp.MustCompile(`(?m)^bulkhead: (docker rm -f .*)$`).FindStringSubmatch(res.Stderr)
	if res.Code == 0 || lines == nil {
		i.Fatalf("uninstall ends with %d while a container is pinned, and says %q", res.Code, res.Stderr)
	}
	shell := i.Client("-c", lines[1])
	shell.Env = append(shell.Env, "PATH="+filepath.Dir(shell.Path)+":/usr/bin:/bin")
	shell.Path, shell.Args[0] = "/bin/sh", "sh"
	if out, err := shell.CombinedOutput(); err != nil {
		i.Fatalf("%s: %v: %s", lines[1], err, out)
	}
	after := i.docker("inspect", "--format", shows, name)
	if newID := i.docker("inspect", "--format", "{{.Id}}", name)[:12]; strings.ReplaceAll(after, newID, id) != before {
		i.Errorf("by\n%s\nit is\n%s\nwas\n%s", lines[1], after, before)
	}
	if got := i.docker("inspect", "--format", "{{.HostConfig.Runtime}}", name); got != "runc" {
		i.Errorf("it still has the runtime %s", got)
	}
}
