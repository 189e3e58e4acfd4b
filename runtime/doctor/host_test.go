package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

// host is a node whose files are those given, besides what every node has: a
// text, a program ("#!…"), or a link ("-> target").
func host(t *testing.T, files map[string]string) *Node {
	t.Helper()
	n := &Node{Root: tenant.Root(t.TempDir()), Host: t.TempDir()}
	all := map[string]string{
		"/proc/sys/kernel/osrelease": "6.1.0-test\n",
		"/proc/self/ns/mnt":          "-> mnt:[1]",
		"/proc/self/mountinfo":       "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n",
	}
	for path, text := range files {
		all[path] = text
	}
	for path, text := range all {
		path = n.path(path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(target, path)
		} else if strings.HasPrefix(text, "#!") {
			err = os.WriteFile(path, []byte(text), 0o755)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// runs adds a process of root's in the node's own mount namespace.
func (n *Node) runs(t *testing.T, pid int, kind, binary string, env []string, args ...string) {
	t.Helper()
	dir := n.path("/proc", fmt.Sprint(pid))
	zero := func(words []string) string { return strings.Join(words, "\x00") + "\x00" }
	for name, text := range map[string]string{"comm": kind + "\n", "cmdline": zero(append([]string{kind}, args...)), "environ": zero(env)} {
		if err := os.MkdirAll(filepath.Join(dir, "ns"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"ns/mnt": "mnt:[1]", "exe": n.path(binary)} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// says runs one check and returns its findings, "Level What" a line, sorted.
func says(t *testing.T, n *Node, name string) string {
	t.Helper()
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	results, err := checks[i].Run(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range results {
		if bare := r.Means == "" && r.Fix == ""; bare != (r.Level == OK) {
			t.Errorf("%s: %+v: a finding says what it means and how to get it, and nothing else does", name, r)
		}
		lines = append(lines, strings.ReplaceAll(string(r.Level)+" "+r.What, n.Host, ""))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// expect compares what a check says of a host's files with what it should.
func expect(t *testing.T, check, want string, files map[string]string) {
	t.Helper()
	if got := says(t, host(t, files), check); got != want {
		t.Errorf("%s of %v says\n%s\nwant\n%s", check, files, got, want)
	}
}

func TestWhatTheKernelSaysOfItself(t *testing.T) {
	const resctrl = "/proc/filesystems"
	for _, c := range []struct{ check, want, path, text string }{
		{"seccomp", "OK filters of system calls hold", "/proc/sys/kernel/seccomp/actions_avail", "kill_process kill_thread trap errno user_notif trace log allow\n"},
		{"seccomp", "Failure the kernel filters no system calls", "/none", ""},
		{"security.userNamespace", "Warning the kernel has no user namespaces", "/proc/sys/user/max_user_namespaces", "1000"},
		{"lsm", "OK AppArmor", "", ""}, // below, with engines that find it
		{"lsm", "OK SELinux", "/sys/kernel/security/lsm", "capability,selinux,bpf"},
		{"lsm", "Warning SELinux is permissive", "/sys/fs/selinux/enforce", "0"},
		{"lsm", "Warning the kernel has AppArmor, and engines do not find it", "/sys/kernel/security/lsm", "capability,apparmor"},
		{"lsm", "Note the node has neither AppArmor nor SELinux", "/sys/kernel/security/lsm", "capability,landlock"},
		{"resctrl", "OK the hardware can divide caches or memory bandwidth; no key of the policy does yet", resctrl, "nodev\tsysfs\nnodev\tresctrl\n"},
		{"resctrl", "Note caches and memory bandwidth cannot be divided (no resctrl)", resctrl, "nodev\tsysfs\n"},
		{"core_pattern", "Warning core_pattern starts a program: /usr/lib/systemd/systemd-coredump %P", "/proc/sys/kernel/core_pattern", "|/usr/lib/systemd/systemd-coredump %P\n"},
		{"core_pattern", "Note core_pattern writes into the container of what crashes: core", "/proc/sys/kernel/core_pattern", "core\n"},
		{"core_pattern", "OK nothing is written of what crashes", "/proc/sys/kernel/core_pattern", "/dev/null\n"},
		{"coresched", "OK no core has more than one thread: nobody shares one", "/sys/devices/system/cpu/smt/active", "0\n"},
	} {
		if c.path == "" {
			n := host(t, map[string]string{"/sys/module/apparmor/parameters/enabled": "Y\n"})
			n.Facts.AppArmor = true
			if got := says(t, n, c.check); got != c.want {
				t.Errorf("%s: %s", c.want, got)
			}
			continue
		}
		expect(t, c.check, c.want, map[string]string{c.path: c.text})
	}
	user := map[string]string{"/proc/self/ns/user": "-> user:[2]", "/proc/sys/user/max_user_namespaces": "0\n"}
	expect(t, "security.userNamespace", "Warning user namespaces are switched off", user)
	user["/proc/sys/user/max_user_namespaces"] = "63000\n"
	expect(t, "security.userNamespace", "OK containers can have one (Docker: userns-remap; Kubernetes: hostUsers: false; ctr: --uidmap)", user)
}

func TestThisKernelHasTheCalls(t *testing.T) {
	if got := says(t, host(t, nil), "kernel"); got != "OK Linux 6.1.0-test, " {
		t.Errorf("got %s", got)
	}
}

func TestPartsOfTheKernelsBuild(t *testing.T) {
	const config = "/boot/config-6.1.0-test"
	var whole strings.Builder
	for _, p := range networkParts {
		for _, o := range p.options {
			whole.WriteString(o + "=m\n")
		}
	}
	const all = "OK the kernel has what is needed for walls between tenants (nftables), limits.bandwidth (tc), containers' interfaces"
	expect(t, "network", all, map[string]string{config: whole.String()})
	expect(t, "network", "Note the kernel lacks parts for limits.bandwidth (tc)\nOK the kernel has what is needed for walls between tenants (nftables), containers' interfaces",
		map[string]string{config: strings.Replace(whole.String(), "CONFIG_IFB=m", "# CONFIG_IFB is not set", 1)})
	expect(t, "network", "Note whether the kernel has nftables, tc and veth cannot be told: neither /proc/config.gz nor /boot/config-* of the running kernel is there", nil)

	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(whole.String())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, "network", all, map[string]string{"/proc/config.gz": z.String()})

	smt := map[string]string{"/sys/devices/system/cpu/smt/active": "1\n", config: "CONFIG_X=y\n"}
	expect(t, "coresched", "Note the kernel has no core scheduling", smt)
	smt[config] = "CONFIG_SCHED_CORE=y\n"
	expect(t, "coresched", "OK the kernel has core scheduling", smt)
	n := host(t, smt)
	n.installs(t, containerd, "containerd github.com/containerd/containerd 1.6.20", "")
	n.runs(t, 12, containerd, "/usr/bin/containerd", nil)
	if got := says(t, n, "coresched"); got != "Note containerd does not ask for core scheduling" {
		t.Errorf("with a containerd: %s", got)
	}
}

// installs puts a program of root's where programs are, which says its version
// and, asked for its configuration, this.
func (n *Node) installs(t *testing.T, kind, version, config string) {
	t.Helper()
	path := n.path("/usr/bin", kind)
	script := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in\n*--version) echo '%s';;\n*'config dump') cat <<'END'\n%s\nEND\n;;\nesac\n", version, config)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// applies puts a policy in force in the host's installation.
func (n *Node) applies(t *testing.T, policy string) {
	t.Helper()
	compiletest.Apply(t, n.Root, policy)
}
