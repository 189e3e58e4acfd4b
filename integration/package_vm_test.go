package integration

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// containerdService is as distributions have it, but for where its state is.
const containerdService = `[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
`

// An ownMachine is one that a test has for itself, as its root.
type ownMachine struct {
	*testing.T
	ctx    context.Context
	engine node.Engine
	dir    string
}

// with expects a command to succeed and returns what it says.
func (m *ownMachine) with(name string, args ...string) string {
	m.Helper()
	out, err := exec.CommandContext(m.ctx, name, args...).CombinedOutput()
	if err != nil {
		m.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// refusing expects it to fail with a sentence.
func (m *ownMachine) refusing(sentence, name string, args ...string) {
	m.Helper()
	out, err := exec.CommandContext(m.ctx, name, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), sentence) {
		m.Errorf("%s %s: %v\n%s\nwant %q", name, strings.Join(args, " "), err, out, sentence)
	}
}

// image is a file with the image that containers are made of.
func (m *ownMachine) image() string {
	m.Helper()
	archive, err := nodes[0].Archive()
	if err != nil {
		m.Fatal(err)
	}
	return archive
}

// run is ctr's command line for a container of acme's.
func (m *ownMachine) run(flags ...string) []string {
	args := append([]string{"-n", "acme", "run", "--rm"}, flags...)
	return append(args, node.ImageName, "c1", "true")
}

// machineOf gives containerd to systemd, under the names that it has on a node.
func machineOf(t *testing.T, e node.Engine) *ownMachine {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	m := &ownMachine{t, ctx, e, t.TempDir()}
	config := "version = 2\n"
	if e.Modern() {
		config = "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n"
	}
	err := errors.Join(os.MkdirAll("/etc/containerd", 0o755),
		os.WriteFile("/etc/containerd/config.toml", []byte(config), 0o644),
		os.WriteFile("/etc/systemd/system/containerd.service", []byte(containerdService), 0o644),
		os.Symlink(e.Containerd, "/usr/local/bin/containerd"), os.Symlink(e.Runc, "/usr/local/bin/runc"))
	if err != nil {
		t.Fatal(err)
	}
	m.with("systemctl", "daemon-reload")
	m.with("systemctl", "start", "containerd")
	t.Cleanup(func() {
		m.with("systemctl", "stop", "containerd")
		for _, path := range []string{"/etc/containerd", "/etc/systemd/system/containerd.service", "/usr/local/bin/containerd", "/usr/local/bin/runc"} {
			if err := os.RemoveAll(path); err != nil {
				t.Error(err)
			}
		}
	})
	return m
}

// The package, install and uninstall as an operator does it: the machine is a
// throw-away one, and afterwards what it was.
func TestPackageAndInstallOnAMachineWithSystemd(t *testing.T) {
	if os.Getenv("BULKHEAD_TEST_VM") != "systemd" {
		t.Skip("changes its machine: make test-vm")
	}
	e, err := node.Built()
	if err != nil {
		t.Fatal(err)
	}
	m := machineOf(t, e)
	m.with(e.Ctr, "-n", "acme", "image", "import", m.image())
	files := func() string {
		return tree(t, "/etc", "/usr/bin", "/usr/local", "/usr/lib/systemd", "/usr/share/bash-completion", "/usr/share/doc", "/usr/share/man")
	}
	before := files()
	m.with(m.engine.Ctr, m.run("--privileged")...)

	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	m.with("dpkg", "-i", filepath.Join(repo, "bin/bulkhead.deb"))
	m.with("systemctl", "is-enabled", "bulkhead-gc.timer")
	m.with("systemctl", "start", "bulkhead-gc.service")
	policy := m.dir + "/acme.yaml"
	if err := os.WriteFile(policy, []byte("apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {selectors: {containerdNamespaces: [acme]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.with("bulkhead", "apply", "-f", policy)
	packaged := files()

	if said := m.with("bulkhead", "install", "containerd", "--cri", "--takeover", "--restart"); !strings.Contains(said, "done; restarted: containerd") {
		t.Errorf("install says\n%s\nwant that containerd was restarted", said)
	}
	m.with(m.engine.Ctr, m.run("--runtime", node.Bulkhead)...)
	m.refusing("refused by ", m.engine.Ctr, m.run("--runtime", node.Bulkhead, "--privileged")...)
	m.refusing("refused by ", m.engine.Ctr, m.run("--privileged")...)
	m.refusing("run first: bulkhead uninstall containerd", "dpkg", "-r", "bulkhead")

	m.with("bulkhead", "uninstall", "containerd", "--restart")
	if got := files(); got != packaged {
		t.Errorf("after uninstall\n%s\nwant\n%s", got, packaged)
	}
	m.with(m.engine.Ctr, m.run("--privileged")...)
	m.with("dpkg", "-r", "bulkhead")
	m.with("dpkg", "-P", "bulkhead")
	if got := files(); got != before {
		t.Errorf("without the package\n%s\nwant\n%s", got, before)
	}
	if _, err := os.Stat("/var/lib/bulkhead"); err == nil {
		t.Error("a purged package leaves /var/lib/bulkhead")
	}
}
