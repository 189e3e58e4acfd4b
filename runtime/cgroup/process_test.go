package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/opencontainers/cgroups"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// roleEnv makes the test binary a process of a container, or another shim.
const roleEnv = "BULKHEAD_CGROUP_TEST_ROLE"

var roles = map[string]func(args []string) error{"hold": hold, "burn": burn, "churn": churn}

func TestMain(m *testing.M) {
	role, given := roles[os.Getenv(roleEnv)]
	if !given {
		os.Exit(m.Run())
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// installation returns an installation of its own, and fails the test when
// anything of it is left in any hierarchy.
func installation(t *testing.T) tenant.Root {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes cgroups")
	}
	if systemd() {
		t.Skip("makes cgroups beside systemd's; the tests with real engines make slices")
	}
	root := tenant.Root(t.TempDir())
	t.Cleanup(func() {
		for _, path := range residue(t, root) {
			t.Errorf("%s is left", path)
			if err := cgroups.RemovePath(path); err != nil {
				t.Error(err)
			}
		}
	})
	return root
}

// onV1 returns an installation on a node whose files are cgroup v1's.
func onV1(t *testing.T) tenant.Root {
	t.Helper()
	if v2() {
		t.Skip("reads files of cgroup v1; v2_test.go reads those of v2")
	}
	return installation(t)
}

// residue lists what an installation has in any hierarchy.
func residue(t *testing.T, root tenant.Root) []string {
	t.Helper()
	pattern := "/sys/fs/cgroup/*" // a hierarchy
	if v2() {
		pattern = "/sys/fs/cgroup"
	}
	left, err := filepath.Glob(pattern + New(root, nil).base())
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func placeOf(root tenant.Root, name string) string { return below(New(root, nil).base(), name) }

// locking runs f with the locks that a container of the tenant is made under.
func locking(root tenant.Root, p *tenant.Policy, f func(*Tree) error) error {
	tree := New(root, nil)
	return tree.Locked(chain(p), func() error { return f(tree) })
}

// ensure makes a tenant's cgroup, or leaves nothing.
func ensure(root tenant.Root, p *tenant.Policy) error {
	return locking(root, p, func(t *Tree) error {
		err := t.Ensure(&Tenant{Policy: p})
		if err != nil {
			err = errors.Join(err, t.Clear(placeOf(root, p.Name)))
		}
		return err
	})
}

func release(root tenant.Root, name string) error { return New(root, nil).Release(placeOf(root, name)) }

// ensured makes a tenant's cgroup and removes it when the test ends.
func ensured(t *testing.T, root tenant.Root, p *tenant.Policy) cgroups.Manager {
	t.Helper()
	err := ensure(root, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(root, p.Name); err != nil {
			t.Error(err)
		}
	})
	return opened(t, placeOf(root, p.Name))
}

// container makes the cgroup of a container as a delegate does.
func container(t *testing.T, root tenant.Root, name, id string, r *cgroups.Resources) cgroups.Manager {
	t.Helper()
	m := opened(t, placeOf(root, name)+"/test."+id+".c")
	if err := m.Apply(-1); err != nil {
		t.Fatal(err)
	}
	if err := m.Set(r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Destroy(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func opened(t *testing.T, path string) cgroups.Manager {
	t.Helper()
	m, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shell runs a script as a process of a container and returns how it ended.
func shell(t *testing.T, m cgroups.Manager, script string) error {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "read go\n"+script)
	gate := joined(t, m, cmd)
	defer gate.Close() // ends what the script left behind
	return cmd.Wait()
}

// process runs the test binary in a role as a process of a container, and
// returns its first answer. It ends with the test.
func process(t *testing.T, m cgroups.Manager, role string, args ...string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = []string{roleEnv + "=" + role}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	gate := joined(t, m, cmd)
	t.Cleanup(func() {
		gate.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	answer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	return answer
}

// joined starts a command and lets it go on once it is in the cgroup.
func joined(t *testing.T, m cgroups.Manager, cmd *exec.Cmd) io.Closer {
	t.Helper()
	gate, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := m.Apply(cmd.Process.Pid); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(gate, "go"); err != nil {
		t.Fatal(err)
	}
	return gate
}

// hold takes args[0] MiB of memory and keeps it until its input ends.
func hold(args []string) error {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	memory, err := unix.Mmap(-1, 0, n<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return err
	}
	defer unix.Munmap(memory)
	fmt.Println("held")
	in.ReadString('\n')
	return nil
}

// burn uses 100 ms of CPU.
func burn([]string) error {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	for {
		var used unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
			return err
		}
		if used.Utime.Nano()+used.Stime.Nano() > 100e6 {
			fmt.Println("burnt")
			return nil
		}
	}
}

// files reads kernel files of a cgroup, by controller/file.
func files(t *testing.T, m cgroups.Manager, names ...string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, name := range names {
		controller, file := filepath.Split(name)
		value, err := cgroups.ReadFile(m.Path(filepath.Clean(controller)), file)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = value[:len(value)-1]
	}
	return got
}
