package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// builder is a private dockerd of Debian whose BuildKit runs bulkhead-runc.
type builder struct {
	*stage
	dir string
}

// onBuilder runs a test on Debian's Docker, beside the node of Debian's
// containerd. Its policy's folders are the builder's.
func (s *stage) onBuilder() *builder {
	s.Helper()
	if s.node.Engine.Modern() {
		s.Skip("Debian's Docker goes with Debian's containerd")
	}
	b := &builder{s, filepath.Join(s.node.Dir(), "docker")}
	s.must(os.MkdirAll(b.path("ahead"), 0o755))
	s.must(os.Symlink(b.program("bulkhead-runc"), b.path("ahead/runc")))
	b.start()
	b.load()
	return b
}

func (b *builder) path(name string) string { return filepath.Join(b.dir, name) }

// program is one of Bulkhead's, as make built it, beside the shim.
func (s *stage) program(name string) string {
	return filepath.Join(filepath.Dir(s.node.Shim()), name)
}

// debian is where Debian's packages are unpacked.
func (s *stage) debian() string {
	return strings.TrimSuffix(s.node.Engine.Busybox(), "/bin/busybox")
}

// start starts dockerd in network and mount namespaces of its own, where it
// makes its bridge and stands at /usr/sbin: its hook counts there alone. Docker
// 20.10 takes the first runc of its PATH, and writes a key to /etc/docker.
func (b *builder) start() {
	b.Helper()
	sbin, err := filepath.EvalSymlinks(b.debian() + "/usr/sbin")
	b.must(err)
	b.must(errors.Join(os.Mkdir(b.path("etc"), 0o755), os.Mkdir(b.path("work"), 0o755)))
	script := "mount --make-rprivate / && mount -t overlay -o lowerdir=" + sbin + ":/usr/sbin none /usr/sbin &&" +
		" mount -t overlay -o lowerdir=/etc,upperdir=" + b.path("etc") + ",workdir=" + b.path("work") + " none /etc && exec /usr/sbin/dockerd \"$@\""
	cmd := exec.Command("/bin/sh", "-c", script, "dockerd", "-H", "unix://"+b.path("socket"), "--containerd", b.node.Dir()+"/containerd.sock",
		"--data-root", b.path("data"), "--exec-root", b.path("exec"), "--pidfile", b.path("pid"),
		"--iptables=false", "--ip-masq=false", "--userland-proxy=false")
	cmd.Env = []string{tenant.RootEnv + "=" + string(b.node.Root()), "PATH=" + b.path("ahead") + ":/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Setpgid: true}
	log, err := os.Create(b.path("log"))
	b.must(err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	b.must(cmd.Start())
	b.Cleanup(func() {
		if b.Failed() {
			data, _ := os.ReadFile(b.path("log"))
			b.Logf("dockerd's log:\n%s", data[max(0, len(data)-4000):])
		}
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // as it was told to
		if err := os.RemoveAll(b.dir); err != nil {
			b.Error(err)
		}
	})
	err = node.Await(b.ctx, func() bool {
		return b.docker("version", "--format", "{{.Server.Version}}").Run() == nil || !host.Alive(cmd.Process.Pid)
	})
	b.must(err)
}

// docker is the client of the package, with its own BuildKit.
func (b *builder) docker(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.ctx, b.debian()+"/usr/bin/docker", append([]string{"-H", "unix://" + b.path("socket")}, args...)...)
	cmd.Env = []string{"DOCKER_BUILDKIT=1", "DOCKER_CONFIG=" + b.path("config"), "PATH=/usr/bin:/bin"}
	return cmd
}

// load gives the daemon the node's image.
func (b *builder) load() {
	b.Helper()
	_, err := b.node.Image(b.ctx, b.node.Namespace("images"))
	b.must(err)
	if out, err := b.docker("load", "-i", b.node.Dir()+"/image.tar").CombinedOutput(); err != nil {
		b.Fatalf("docker load: %v: %s", err, out)
	}
}

// build builds the steps on top of the node's image and returns what is shown.
func (b *builder) build(steps string, flags ...string) (string, error) {
	cmd := b.docker(append(append([]string{"build", "--no-cache", "--progress", "plain"}, flags...), "-")...)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("FROM %s AS base\n%s\n", node.ImageName, steps))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// builds is the policy of a node whose builds are the tenant ci's.
func (s *stage) builds(keys, ofNode string) node.Policy {
	return node.Policy{
		Tenants: map[string]string{"ci": keys},
		Node:    fmt.Sprintf("engineRoots: [%s]\n%s", filepath.Join(s.node.Dir(), "docker/data"), ofNode),
	}
}

// runs waits until a container of the tenant runs and returns its record.
func (s *stage) runs(of string) *record.Record {
	s.Helper()
	var found *record.Record
	s.must(node.Await(s.ctx, func() bool {
		all, err := record.List(s.node.Root())
		s.must(err)
		i := slices.IndexFunc(all, func(r *record.Record) bool { return r.Tenant == of && r.Alive() })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}))
	return found
}
