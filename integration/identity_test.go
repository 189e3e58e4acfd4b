package integration

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// remapped is a sleeper with a user namespace that has a range of the node's
// IDs.
func (s *stage) remapped(tenant string, first uint32) node.Run {
	s.Helper()
	// Its root is nobody on the node: it has to reach its files, and makes none
	// in the image, which has no /run.
	s.must(os.Chmod(s.node.Dir(), 0o711))
	mappings := []specs.LinuxIDMapping{{HostID: first, Size: 65536}}
	return s.asked(tenant, oci.WithUserNamespace(mappings, mappings), oci.WithoutRunMount)
}

// asked is a sleeper that asks for something more.
func (s *stage) asked(tenant string, opts ...oci.SpecOpts) node.Run {
	r := s.sleeper(tenant)
	r.Spec = opts
	return r
}

// refused starts a container that must not start, and then does under the stock
// shim.
func (s *stage) refused(r node.Run, sentence string) {
	s.Helper()
	c, err := s.node.Run(s.ctx, r)
	expectRefusal(s, err, sentence)
	if err == nil {
		s.keep(c)
	}
	s.start(stock(r))
}

// output is what an exec of the container prints.
func (c *container) output(args ...string) string {
	c.s.Helper()
	p := c.exec(nil, args...)
	if code := c.s.wait(p); code != 0 {
		c.s.Errorf("%v ended with %d: %s", args, code, p.Stderr)
	}
	return p.Stdout.String()
}

func TestRequiredUserNamespace(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "security: {userNamespace: Required}", "globex": "security: {userNamespace: Never}"}}
	onEachEngine(t, p, func(s *stage) {
		s.refused(s.sleeper("acme"), "refused by userns: linux.namespaces is without a user namespace, want one (Docker: userns-remap in daemon.json; "+
			"Kubernetes: hostUsers: false; ctr: --uidmap and --gidmap); allow with security.userNamespace: Preferred")
		s.refused(s.remapped("globex", 1<<20), "refused by userns: linux.namespaces is with a user namespace, want none")
		c := s.start(s.remapped("acme", 1<<20))
		for _, kind := range []string{"uid", "gid"} {
			if got := strings.Fields(c.output("cat", "/proc/self/"+kind+"_map")); strings.Join(got, " ") != "0 1048576 65536" {
				s.Errorf("its %s_map is %q", kind, got)
			}
		}
		if got := c.output("id", "-u"); got != "0\n" {
			s.Errorf("in its namespace it is %q, want root", got)
		}
		var there unix.Stat_t
		s.must(unix.Stat(fmt.Sprintf("/proc/%d", c.Pid()), &there))
		if there.Uid != 1<<20 {
			s.Errorf("on the node it is user %d, want %d", there.Uid, 1<<20)
		}
	})
}

func TestUserNamespaceWithTheNodesRootIsRefused(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		s.refused(s.remapped("acme", 0), "refused by userns: linux.uidMappings is 65536 IDs from 0 as the node's from 0")
	})
}

func TestTenantsDoNotShareIDs(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		const sentence = "refused by userns: linux.uidMappings is 65536 IDs from 0 as the node's from "
		c := s.start(s.remapped("acme", 1<<20))
		s.start(s.remapped("acme", 1<<20)).delete() // a tenant's own containers may
		s.refused(s.remapped("globex", 1<<20+65535), sentence)
		s.start(s.remapped("globex", 1<<21)).delete()
		c.delete()
		s.start(s.remapped("globex", 1<<20+65535))
	})
}

// What the kernel counts by user namespace. Namespaces are made from outside,
// where no filter of system calls is: the namespace itself refuses.
func TestUserNamespaceIsBounded(t *testing.T) {
	onNewestEngine(t, pair, func(s *stage) {
		nest := func(c *container) (string, error) {
			out, err := exec.CommandContext(s.ctx, "nsenter", "--user", "--target", strconv.Itoa(c.Pid()), "unshare", "--user", "true").CombinedOutput()
			return string(out), err
		}
		c := s.start(s.remapped("acme", 1<<20))
		if out, err := nest(c); err == nil || !strings.Contains(out, "No space left on device") {
			s.Errorf("a user namespace in it: %v, %s; want ENOSPC", err, out)
		}
		data, err := os.ReadFile("/proc/sys/user/max_inotify_instances")
		s.must(err)
		most, err := strconv.Atoi(strings.TrimSpace(string(data)))
		s.must(err)
		if got := c.output("cat", "/proc/sys/user/max_inotify_instances"); got != fmt.Sprintln(most/4) {
			s.Errorf("its limit of inotify instances is %q, want a quarter of the node's %d", got, most)
		}
		if out, err := nest(s.start(stock(s.remapped("acme", 1<<20)))); err != nil {
			s.Errorf("under the stock shim: %v, %s", err, out)
		}
	})
}

func TestUsersThatAreNone(t *testing.T) {
	user := func(uid uint32) oci.SpecOpts { return edit(func(s *specs.Spec) { s.Process.User.UID = uid }) }
	// runc 1.1.5 has the same bound, 1.5.2 has none.
	onNewestEngine(t, pair, func(s *stage) {
		const sentence = "refused by identity: process.user.uid is 2147483648, want at most 2147483647"
		s.refused(s.asked("acme", user(1<<31)), sentence)
		wraps := func(p *specs.Process) { p.User.UID = 1 << 31 }
		_, err := s.start(s.sleeper("acme")).Exec(s.ctx, node.Run{Args: []string{"true"}}, wraps)
		expectRefusal(s, err, sentence)
		if code := s.wait(s.start(stock(s.sleeper("acme"))).exec(wraps, "true")); code != 0 {
			s.Errorf("under the stock shim the exec ended with %d", code)
		}
		if got := s.start(s.asked("acme", user(1<<31-1))).output("id", "-u"); got != "2147483647\n" {
			s.Errorf("the largest user is %q", got)
		}
	})
}

func TestRootAtLevelRestricted(t *testing.T) {
	const sentence = "refused by identity: process.user.uid is 0, want a user other than root, or a user namespace; allow with security.exceptions.runAsRoot: true"
	restricted := node.Policy{Tenants: map[string]string{"acme": "security: {level: restricted}"}}
	onEachEngine(t, restricted, func(s *stage) {
		s.refused(s.sleeper("acme"), sentence)
		s.start(s.remapped("acme", 1<<20))
		c := s.start(s.asked("acme", oci.WithUserID(1000)))
		root := func(p *specs.Process) { p.User = specs.User{} }
		_, err := c.Exec(s.ctx, node.Run{Args: []string{"true"}}, root)
		expectRefusal(s, err, sentence)
		s.apply(node.Policy{Tenants: map[string]string{"acme": "security: {level: restricted, exceptions: {runAsRoot: true}}"}})
		s.start(s.sleeper("acme"))
		if code := s.wait(c.exec(root, "true")); code != 0 {
			s.Errorf("with the exception the exec ended with %d", code)
		}
	})
}

// A folder below /proc may be one of the node's. The delegates here look for that
// themselves (runc since 1.1.12); which folder it is makes no difference to us.
func TestWorkingFolderOfTheNode(t *testing.T) {
	const sentence = "refused by identity: process.cwd is "
	onEachEngine(t, pair, func(s *stage) {
		in := func(folder string) func(*specs.Process) { return func(p *specs.Process) { p.Cwd = folder } }
		s.refused(s.asked("acme", oci.WithProcessCwd("/proc/self")), sentence+`"/proc/self"`)
		c, control := s.start(s.sleeper("acme")), s.start(stock(s.sleeper("acme")))
		for _, folder := range []string{"/proc/self/fd/7", "/proc/self", "/dev/fd/7", "/tmp/../proc/self/fd/7", "tmp"} {
			_, err := c.Exec(s.ctx, node.Run{Args: []string{"true"}}, in(folder))
			expectRefusal(s, err, sentence+strconv.Quote(folder))
		}
		for run, folder := range map[*container]string{c: "/tmp", control: "/proc/self"} {
			if code := s.wait(run.exec(in(folder), "true")); code != 0 {
				s.Errorf("in %s an exec ended with %d", folder, code)
			}
		}
	})
}

func TestEnvironmentThatIsReadOutside(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		s.refused(s.asked("acme", oci.WithEnv([]string{"HOME=/\nroot2::0:0::/:/bin/sh"})), "refused by identity: process.env[1] (HOME) is text with a newline")
		const certificate = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"
		c := s.start(s.asked("acme", oci.WithEnv([]string{"CERTIFICATE=" + certificate})))
		if got := c.output("sh", "-c", `echo "$CERTIFICATE"`); got != certificate+"\n" {
			s.Errorf("a value of several lines came as %q", got)
		}
	})
}
