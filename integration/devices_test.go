package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// opener is a container that makes the node of a device and opens it, as a
// shell's redirection does: "<>" to read and write.
func (s *stage) opener(tenant string, kind string, major, minor int, redirection string, opts ...oci.SpecOpts) node.Run {
	r := s.sleeper(tenant)
	r.Args = []string{"sh", "-c", fmt.Sprintf("mknod /d %s %d %d && echo made && exec 3%s/d && echo open", kind, major, minor, redirection)}
	r.Spec = append(opts, oci.WithAddedCapabilities([]string{"CAP_MKNOD"}))
	return r
}

// does runs a container to its end and returns what it printed.
func (s *stage) does(r node.Run) string {
	s.Helper()
	c := s.start(r)
	c.wait()
	return c.Stdout.String() + c.Stderr.String()
}

// allowing adds a rule to what containerd writes by default.
func allowing(kind string, major, minor int) oci.SpecOpts {
	return edit(func(spec *specs.Spec) {
		rules := &spec.Linux.Resources.Devices
		*rules = append(*rules, specs.LinuxDeviceCgroup{Allow: true, Type: kind, Major: new(int64(major)), Minor: new(int64(minor)), Access: "rwm"})
	})
}

// anyDisk is one that the machine has and that opens without a medium.
func anyDisk(t *testing.T) (major, minor int) {
	t.Helper()
	for _, pattern := range []string{"loop0", "vd?", "sd?", "nvme?n?"} {
		found, _ := filepath.Glob("/sys/block/" + pattern + "/dev")
		for _, file := range found {
			data, err := os.ReadFile(file)
			if err == nil {
				_, err = fmt.Sscanf(string(data), "%d:%d", &major, &minor)
			}
			if err != nil {
				t.Fatal(err)
			}
			return major, minor
		}
	}
	t.Skip("this machine has no disk")
	return 0, 0
}

const (
	opened  = "made\nopen\n"
	refused = "Operation not permitted"
)

// Making a node is no access to its device.
func TestNodeOfADiskIsNoAccessToIt(t *testing.T) {
	major, minor := anyDisk(t)
	onEachEngine(t, acme, func(s *stage) {
		got := s.does(s.opener("acme", "b", major, minor, "<"))
		if !strings.HasPrefix(got, "made\n") || !strings.Contains(got, refused) {
			s.Errorf("reading a disk says %q, want EPERM", got)
		}
		if got := s.does(stock(s.opener("acme", "b", major, minor, "<", allowing("b", major, minor)))); got != opened {
			s.Errorf("with a rule of its own, under the stock shim, it says %q", got)
		}
	})
}

// Without rules crun restrains nothing: containerd's WithParentCgroupDevices.
func TestCrunDeniesDevicesWithoutRules(t *testing.T) {
	crun, err := exec.LookPath("crun")
	if err != nil || !host.V2() {
		t.Skip("needs crun, which refuses hybrid cgroups (1.8.1): make test-vm")
	}
	major, minor := anyDisk(t)
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "delegate: crun"}}, func(s *stage) {
		r := s.opener("acme", "b", major, minor, "<", oci.WithParentCgroupDevices)
		if got := s.does(r); !strings.HasPrefix(got, "made\n") || !strings.Contains(got, refused) {
			s.Errorf("reading a disk says %q, want EPERM", got)
		}
		r = stock(r)
		r.Options = &options.Options{BinaryName: crun}
		r.Spec = append(r.Spec, edit(func(spec *specs.Spec) { spec.Version = "1.0.2" })) // newer ones it does not know
		if got := s.does(r); got != opened {
			s.Errorf("crun by itself says %q", got)
		}
	})
}

// Delegates allow every pseudo terminal by its number; it opens in a devpts only.
func TestTerminalOfTheNodeIsClosed(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("it does not open on the node: %v", err)
	}
	defer terminal.Close()
	onEachEngine(t, acme, func(s *stage) {
		if got := s.does(s.opener("acme", "c", 136, number, "<>")); !strings.HasPrefix(got, "made\n") || strings.Contains(got, "open\n") {
			s.Errorf("a terminal of the node says %q, want that it does not open", got)
		}
	})
}

// Engines allow the node's console, where its administrator types.
func TestConsoleOfTheNodeIsClosed(t *testing.T) {
	if f, err := os.OpenFile("/dev/console", os.O_WRONLY|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("this machine's console does not open: %v", err)
	} else {
		f.Close()
	}
	onEachEngine(t, acme, func(s *stage) {
		console := s.opener("acme", "c", 5, 1, ">", allowing("c", 5, 1))
		if got := s.does(console); !strings.Contains(got, refused) {
			s.Errorf("writing to the console says %q, want EPERM", got)
		}
		if got := s.does(stock(console)); got != opened {
			s.Errorf("under the stock shim it says %q", got)
		}
	})
}

// needFuse skips a test where there is no such device (Debian's kernel loads a
// module for it).
func needFuse(t *testing.T) {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skipf("this machine's /dev/fuse does not open: %v", err)
	} else {
		f.Close()
	}
}

func fuse() oci.SpecOpts { return oci.WithDevices("/dev/fuse", "/dev/fuse", "rwm") }

func TestDeviceIsRefusedWithTheKeyThatGrantsIt(t *testing.T) {
	needFuse(t)
	onEachEngine(t, acme, func(s *stage) {
		r := s.opener("acme", "c", 10, 229, "<>", fuse())
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by devices: linux.devices is /dev/fuse (c 10:229), want what every container has or the tenant's own; allow with security.exceptions.devices: [{path: /dev/fuse}]")
		if got := s.does(stock(r)); got != opened {
			s.Errorf("under the stock shim it says %q", got)
		}
		for permissions, want := range map[string]map[string]string{
			"rw": {"<>": opened, "<": opened, ">": opened},
			"r":  {"<>": refused, "<": opened, ">": refused},
		} {
			s.apply(granting("devices: [{path: /dev/fuse, permissions: " + permissions + "}]"))
			for redirection, said := range want {
				if got := s.does(s.opener("acme", "c", 10, 229, redirection, fuse())); !strings.Contains(got, said) {
					s.Errorf("with %s granted, %s says %q, want %q", permissions, redirection, got, said)
				}
			}
		}
		there := s.sleeper("acme")
		there.Args, there.Spec = []string{"sh", "-c", "exec 3</dev/fuse && echo made && echo open"}, []oci.SpecOpts{fuse()}
		if got := s.does(there); got != opened {
			s.Errorf("the node that the engine asked for says %q", got)
		}
	})
}

func TestNarrowRemovesDevices(t *testing.T) {
	needFuse(t)
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "security: {onExcess: Narrow}"}}, func(s *stage) {
		r := s.opener("acme", "c", 10, 229, "<", fuse(), oci.WithAllDevicesAllowed)
		r.Args[2] = "ls /dev/fuse /dev/null; " + r.Args[2]
		got := s.does(r)
		for _, said := range []string{"/dev/fuse: No such file", "/dev/null\n", "made\n", refused} {
			if !strings.Contains(got, said) {
				s.Errorf("it says %q, want %q", got, said)
			}
		}
	})
}

// As docker run --privileged asks: every device of the node.
func TestEveryDeviceIsRefusedInTwoSentences(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Spec = []oci.SpecOpts{oci.WithHostDevices, oci.WithAllDevicesAllowed}
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by devices: linux.resources.devices is every device, want rules for single devices; allow with security.level: privileged")
		expectRefusal(s, err, " more, want what every container has or the tenant's own; allow with security.level: privileged")
		if n := strings.Count(fmt.Sprint(err), "refused by devices"); n != 2 {
			s.Errorf("%d sentences are about devices, want 2: %v", n, err)
		}
		s.start(stock(r))
	})
}

// An update of the API names a device that its container was not granted.
func TestUpdateBringsNoDevice(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		err := c.Update(s.ctx, &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}})
		expectRefusal(s, err, "refused by devices: linux.resources.devices is every device")
		s.must(c.Update(s.ctx, &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: new(int64(40))}}))
	})
}

// cdiFile is a device with a node of /dev/fuse and a hook that notes its
// environment.
const cdiFile = `cdiVersion: "0.6.0"
kind: bulkhead.dev/test
devices:
- name: fuse
  containerEdits:
    deviceNodes: [{path: /dev/test, hostPath: /dev/fuse}]
    hooks: [{hookName: createContainer, path: %s, args: [hook, 1]}]
`

func TestCDIDeviceHasItsNodeAndItsHook(t *testing.T) {
	needFuse(t)
	onEachEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		noted := filepath.Join(dir, "noted")
		hook := s.script(dir, "hook", filepath.Join(dir, "ran"), "cat /proc/self/environ >"+noted)
		file := s.node.Root().Path("/etc/cdi/bulkhead-test.yaml")
		s.must(os.MkdirAll(filepath.Dir(file), 0o755))
		s.must(os.WriteFile(file, fmt.Appendf(nil, cdiFile, hook), 0o644))
		s.Cleanup(func() { s.must(os.RemoveAll(filepath.Dir(file))) })

		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "exec 3<>/dev/test && echo made && echo open"}
		asked := func(args ...string) []oci.SpecOpts {
			return []oci.SpecOpts{oci.WithDevices("/dev/fuse", "/dev/test", "rwm"), oci.WithEnv([]string{"LD_DEBUG=tenant"}),
				edit(func(spec *specs.Spec) {
					spec.Hooks = &specs.Hooks{CreateContainer: []specs.Hook{{Path: hook, Args: args}}}
				})}
		}
		r.Spec = asked("hook", "1")
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by ocihooks: hooks.createContainer[0] is set")
		expectRefusal(s, err, "refused by devices: linux.devices is /dev/test (c 10:229)")
		s.apply(granting(`cdiDevices: ["bulkhead.dev/test=*"]`))
		if got := s.does(r); got != opened {
			s.Errorf("the granted device says %q", got)
		}
		data, err := os.ReadFile(noted)
		s.must(err)
		if env := string(data); !strings.HasPrefix(env, "PATH=") || strings.Contains(env, "tenant") {
			s.Errorf("the hook ran with %q, want a PATH alone", env)
		}
		r.Spec = asked("hook", "2")
		_, err = s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by ocihooks: hooks.createContainer[0] is set")
		s.must(os.Remove(noted))
		s.start(stock(r)).wait()
		if !exists(noted) {
			s.Error("under the stock shim the hook did not run")
		}
	})
}

// granting is acme with exceptions.
func granting(exceptions string) node.Policy {
	return node.Policy{Tenants: map[string]string{"acme": "security: {exceptions: {" + exceptions + "}}"}}
}
