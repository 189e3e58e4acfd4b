package integration

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// daemon is a dockerd of Debian's on a node's containerd, without a network.
type daemon struct {
	s      *stage
	socket string
	files  string // Debian's packages
}

// startDocker starts one whose containers are in the node's namespace of a
// tenant, and ends it with the test.
func (s *stage) startDocker(tenant string) *daemon {
	s.Helper()
	dir := s.node.Dir() + "/docker"
	s.must(os.Mkdir(dir, 0o711))
	files := filepath.Dir(filepath.Dir(filepath.Dir(s.node.Engine.Containerd)))
	d := &daemon{s, dir + "/docker.sock", files}
	log, err := os.Create(dir + "/log")
	s.must(err)
	defer log.Close()
	cmd := exec.Command(files+"/usr/sbin/dockerd", "-H", "unix://"+d.socket, "--containerd", s.node.Dir()+"/containerd.sock",
		"--containerd-namespace", s.node.Namespace(tenant), "--containerd-plugins-namespace", s.node.Namespace("plugins"),
		"--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "--config-file", dir+"/daemon.json",
		"--bridge", "none", "--iptables=false", "--ip-forward=false", "--ip-masq=false", "--storage-driver", "vfs",
		"--cgroup-parent", "/"+s.node.Namespace(tenant))
	cmd.Env = []string{"PATH=" + files + "/usr/sbin:" + files + "/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	s.must(os.WriteFile(dir+"/daemon.json", []byte("{}\n"), 0o644))
	s.must(cmd.Start())
	s.Cleanup(func() {
		s.must(cmd.Process.Signal(syscall.SIGTERM))
		_ = cmd.Wait() // by the signal
		for _, dir := range glob("/sys/fs/cgroup/*/"+s.node.Namespace(tenant), "/sys/fs/cgroup/"+s.node.Namespace(tenant)) {
			s.must(os.Remove(dir))
		}
		if s.Failed() {
			text, _ := os.ReadFile(dir + "/log")
			s.Logf("dockerd says:\n%s", text)
		}
	})
	answers := func() bool {
		c, err := net.Dial("unix", d.socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	s.must(node.Await(s.ctx, answers))
	return d
}

func glob(patterns ...string) (all []string) {
	for _, p := range patterns {
		found, _ := filepath.Glob(p)
		all = append(all, found...)
	}
	return all
}

// docker runs the client of the package.
func (d *daemon) docker(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(d.s.ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, d.files+"/usr/bin/docker", append([]string{"-H", "unix://" + d.socket}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Docker 20.10 cannot name a shim. With the stock one's name, bulkhead's is what
// `--runtime runc` gives, and uninstall gives back what was.
func TestInstallTakesOverFromDocker20(t *testing.T) {
	onlyIfItMatters(t)
	engine, err := node.Debian()
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, ownNode(t, engine))
	bin := s.node.Dir() + "/bin"
	for _, name := range []string{"containerd-shim-bulkhead-v2", "containerd-shim-runc-v2"} {
		s.must(os.Remove(bin + "/" + name)) // containerd finds the stock one beside itself
	}
	s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 64Mi}"}, Node: "engineRoots: [" + s.node.Dir() + "/docker/data]"})
	d := s.startDocker("acme")
	_, err = s.node.Image(s.ctx, s.node.Namespace("acme"))
	s.must(err)
	if out, err := d.docker("load", "-i", s.node.Dir()+"/image.tar"); err != nil {
		s.Fatalf("docker load: %v: %s", err, out)
	}
	run := func(flags ...string) (string, error) {
		return d.docker(append(append([]string{"run", "--rm", "--network", "none"}, flags...), node.ImageName, "true")...)
	}
	if out, err := run("--pid", "host"); err != nil {
		s.Fatalf("before, a container in the host's PID namespace: %v: %s", err, out)
	}
	// What install says to do: containerd remembers where it found a shim.
	again := func() {
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.must(node.Await(s.ctx, func() bool { _, err := run(); return err == nil }))
	}
	before := tree(t, bin)
	install := []string{"install", "docker", "--docker", d.files + "/usr/sbin/dockerd", "--containerd", engine.Containerd, "--config", s.node.Dir() + "/docker/daemon.json",
		"--socket", d.socket, "--to", bin, "--path", bin, "--containerd-namespace", s.node.Namespace("acme"),
		"--running", s.node.Dir() + "/state/io.containerd.runtime.v2.task"}
	if res, err := s.node.Bulkhead(s.ctx, install...); err != nil || res.Code == 0 || !strings.Contains(res.Stderr, "use --takeover") {
		s.Errorf("without --takeover install says %q (%v)", res.Stderr, err)
	}
	install = append(install, "--takeover")

	// A container that runs now, and would not start again.
	if out, err := d.docker("run", "-d", "--name", "greedy", "--pid", "host", "--network", "none", node.ImageName, "sleep", "600"); err != nil {
		s.Fatalf("docker run: %v: %s", err, out)
	}
	res, err := s.node.Bulkhead(s.ctx, install...)
	if err != nil || res.Code == 0 || !strings.Contains(res.Stderr, "container greedy would not start again: by namespaces: ") {
		s.Errorf("with a container that would be refused, install says %q (%v), want its name", res.Stderr, err)
	}
	if out, err := d.docker("rm", "-f", "greedy"); err != nil {
		s.Fatal(out, err)
	}
	if got := tree(t, bin); got != before {
		s.Error("a refused install changed something")
	}

	if out := s.bulkhead(install...); !strings.Contains(out, "systemctl restart containerd") {
		s.Errorf("install says\n%s\nwant what to restart", out)
	}
	if out := s.bulkhead(install...); !strings.HasPrefix(out, "nothing to do") {
		s.Errorf("the second run says %q, want nothing to do", out)
	}
	again()
	if out, err := run(); err != nil {
		s.Errorf("a plain container: %v: %s", err, out)
	}
	for _, flags := range [][]string{{"--pid", "host"}, {"--pid", "host", "--runtime", "runc"}} {
		if out, err := run(flags...); err == nil || !strings.Contains(out, "refused by ") {
			s.Errorf("docker run %s: %v: %s, want a refusal", flags, err, out)
		}
	}
	s.bulkhead("uninstall", "docker")
	if got := tree(t, bin); got != before {
		s.Errorf("after uninstall\n%s\nwant\n%s", got, before)
	}
	again()
	if out, err := run("--pid", "host"); err != nil {
		s.Errorf("after uninstall, a container in the host's PID namespace: %v: %s", err, out)
	}
}
