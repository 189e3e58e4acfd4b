package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// dockerService is as moby has it, but for a socket that systemd would open.
const dockerService = `[Unit]
After=containerd.service
Wants=containerd.service
[Service]
Type=notify
ExecStart=%s -H unix:///run/docker.sock --containerd=/run/containerd/containerd.sock
Delegate=yes
KillMode=process
`

// dockersFiles are the files that an installation into Docker may touch, and where
// the daemon stands: BuildKit's hook is kept there alone.
const (
	dockersConfig  = "/etc/docker/daemon.json"
	dockersUnit    = "/etc/systemd/system/docker.service"
	dockersProgram = "/usr/sbin/dockerd"
)

// A dockerMachine is a machine with Docker, which its operator restarts.
type dockerMachine struct {
	*ownMachine
	docker docker.Engine
}

// withDocker gives dockerd to systemd too, with what it takes for itself there.
func withDocker(t *testing.T, e docker.Engine) *dockerMachine {
	m := &dockerMachine{machineOf(t, e.Containerd), e}
	config := fmt.Sprintf(`{"live-restore": true, "userland-proxy": false, "storage-driver": %q}`, map[bool]string{true: "overlayfs", false: "overlay2"}[e.NamesShims])
	err := errors.Join(os.MkdirAll(filepath.Dir(dockersConfig), 0o755),
		os.WriteFile(dockersConfig, []byte(config+"\n"), 0o644),
		os.WriteFile(dockersUnit, fmt.Appendf(nil, dockerService, dockersProgram), 0o644),
		os.WriteFile(dockersProgram, nil, 0o755),
		unix.Mount(e.File, dockersProgram, "", unix.MS_BIND, ""))
	if err != nil {
		t.Fatal(err)
	}
	m.with("systemctl", "daemon-reload")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(m.with("journalctl", "-b", "-q", "-n", "20", "-u", "docker"))
		}
		m.with("systemctl", "stop", "docker")
		m.with("umount", dockersProgram)
		for _, path := range []string{filepath.Dir(dockersConfig), dockersUnit, dockersProgram, "/var/lib/docker", "/var/lib/bulkhead"} {
			if err := os.RemoveAll(path); err != nil {
				t.Error(err)
			}
		}
	})
	m.with("systemctl", "start", "docker")
	m.client("load", "-i", m.image())
	return m
}

// client expects Docker's client to succeed.
func (m *dockerMachine) client(args ...string) string {
	m.Helper()
	return strings.TrimSpace(m.with(m.docker.Client(), args...))
}

// operator expects the operator's program to succeed.
func (m *dockerMachine) operator(args ...string) string {
	m.Helper()
	repo, err := node.Repository()
	if err != nil {
		m.Fatal(err)
	}
	return m.with(filepath.Join(repo, "bin/bulkhead"), args...)
}

// place is a container's cgroup, and what its tenant may have.
func (m *dockerMachine) place(container string) (cgroup string, memory int64) {
	m.Helper()
	pid, err := strconv.Atoi(m.client("inspect", "--format", "{{.State.Pid}}", container))
	if err == nil {
		memory, err = host.MemoryLimit.ReadInt(pid, 1)
	}
	if err == nil {
		cgroup, err = host.CgroupDir(pid, "memory")
	}
	if err != nil {
		m.Fatal(err)
	}
	return cgroup, memory
}

// expectTenants expects a container in a scope of the tenant's slice.
func (m *dockerMachine) expectTenants(container string) {
	m.Helper()
	cgroup, memory := m.place(container)
	if want := "/bulkhead-acme.slice/"; !strings.Contains(cgroup, want) || !strings.HasSuffix(cgroup, ".scope") || memory != 256*mebi {
		m.Errorf("%s is in %s, whose memory is %d; want a scope in %s with acme's", container, cgroup, memory, want)
	}
}

// Docker as a distribution has it, and what an operator does: everything by
// systemd, with the driver of cgroups that Docker takes for itself there.
func TestInstallDockerOnAMachineWithSystemd(t *testing.T) {
	if vmMode() != "systemd" {
		t.Skip("changes its machine: make test-vm")
	}
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			onlyIfItMatters(t)
			m := withDocker(t, e)
			if got := m.client("info", "--format", "{{.CgroupDriver}} {{.CgroupVersion}}"); got != "systemd 2" {
				m.Errorf("Docker's cgroups are %q, want systemd's", got)
			}
			files := func() string {
				return tree(t, "/etc/docker", "/etc/systemd/system", "/etc/bulkhead", "/usr/local")
			}
			before := files()
			hosts := []string{"run", "--rm", "--pid", "host", node.ImageName, "true"}
			m.client(hosts...)
			m.client("run", "-d", "--name", "earlier", node.ImageName, "sleep", "600")
			m.apply()

			flags, restarted := []string{"--takeover"}, "containerd docker"
			if e.NamesShims {
				flags, restarted = []string{"--default", "--tenant", "acme"}, "docker"
			}
			pid := m.client("inspect", "--format", "{{.State.Pid}}", "earlier")
			said := m.operator(slices.Concat([]string{"install", "docker", "--restart"}, flags)...)
			if !strings.Contains(said, "done; restarted: "+restarted+"\n") || !strings.Contains(said, "container earlier ("+node.ImageName+") stays outside") {
				m.Errorf("install says\n%s\nwant that %s was restarted, and who stays outside", said, restarted)
			}
			if got := m.client("inspect", "--format", "{{.State.Pid}} {{.State.Running}}", "earlier"); got != pid+" true" {
				m.Errorf("the container that ran is %q after the restart, want %s, running", got, pid)
			}
			m.client("run", "-d", "--name", "mine", "--memory", "1g", node.ImageName, "sleep", "600")
			m.expectTenants("mine")
			m.refusing("refused by namespaces: ", m.docker.Client(), hosts...)
			m.with("systemctl", "restart", "docker")
			m.expectTenants("mine")
			m.client("restart", "-t", "0", "mine")
			m.expectTenants("mine")
			m.client("exec", "mine", "true")
			m.client("rm", "-f", "mine", "earlier")

			m.operator("uninstall", "docker", "--restart")
			if got := files(); got != before {
				m.Errorf("after uninstall\n%s\nwant\n%s", got, before)
			}
			m.client(hosts...)
		})
	}
}

// apply puts a policy in force with a tenant of Docker's containerd namespace.
func (m *dockerMachine) apply() {
	m.Helper()
	file := filepath.Join(m.dir, "acme.yaml")
	const text = "apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {selectors: {containerdNamespaces: [moby]}, limits: {memory: 256Mi}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	m.operator("apply", "-f", file)
}
