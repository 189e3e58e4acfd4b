package namespace

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// made returns an open namespace of the test's own.
func made(t *testing.T) (path string, fd int) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: makes namespaces")
	}
	path = filepath.Join(t.TempDir(), "ns")
	if err := Make(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Remove(path); err != nil {
			t.Error(err)
		}
	})
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return path, fd
}

func own(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNewNamespaceHasLoopbackOnly(t *testing.T) {
	_, fd := made(t)
	before := own(t)
	var all []net.Interface
	for range 100 { // each on a thread of its own, none on the process's first
		err := In(fd, func() (err error) {
			all, err = net.Interfaces()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if now := own(t); now != before {
			t.Fatalf("the process is in %s now, was in %s", now, before)
		}
	}
	for _, i := range all {
		if up := i.Flags&net.FlagUp != 0; up != (i.Flags&net.FlagLoopback != 0) {
			t.Errorf("%s is up: %v", i.Name, up)
		}
	}
	if len(all) == 0 {
		t.Error("no interface")
	}
}

// The kernel kills those that shall not outlive the thread that started them
// (PR_SET_PDEATHSIG), as delegates of a shim are, when that thread ends.
func TestNobodyDiesWithAThread(t *testing.T) {
	_, fd := made(t)
	var children []*exec.Cmd
	var wg sync.WaitGroup
	for range 50 {
		cmd := exec.Command("sleep", "60")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGUSR1}
		wg.Go(func() {
			if err := In(fd, func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, cmd)
	}
	wg.Wait()
	for range 50 {
		if err := In(fd, func() error { return nil }); err != nil {
			t.Error(err)
		}
	}
	for _, cmd := range children {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // a signal ended it
		if by := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(); by != syscall.SIGTERM {
			t.Errorf("it died of %v", by)
		}
	}
}

func TestPlaceThatIsTakenIsNotMountedOver(t *testing.T) {
	path, _ := made(t)
	if err := Make(path); !os.IsExist(err) {
		t.Errorf("made again: %v", err)
	}
}

func TestRemovedTwiceIsSuccess(t *testing.T) {
	path, _ := made(t)
	for range 2 {
		if err := Remove(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}

// pings reports whether somebody without a capability may open a socket for
// ICMP echo requests in a namespace.
func pings(t *testing.T, fd int) bool {
	t.Helper()
	var opened bool
	err := In(fd, func() error {
		// The thread's own; package unix has them for all threads.
		become := func(id uintptr, calls ...uintptr) error {
			for _, set := range calls {
				if _, _, errno := unix.RawSyscall(set, id, id, 0); errno != 0 {
					return errno
				}
			}
			return nil
		}
		if err := become(1000, unix.SYS_SETRESGID, unix.SYS_SETRESUID); err != nil {
			return err
		}
		defer func() {
			if err := become(0, unix.SYS_SETRESUID, unix.SYS_SETRESGID); err != nil {
				t.Error(err)
			}
		}()
		for _, s := range []struct{ family, protocol int }{{unix.AF_INET, unix.IPPROTO_ICMP}, {unix.AF_INET6, unix.IPPROTO_ICMPV6}} {
			socket, err := unix.Socket(s.family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, s.protocol)
			if err != nil {
				return nil
			}
			unix.Close(socket)
		}
		opened = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func TestPingNeedsNoCapability(t *testing.T) {
	_, fd := made(t)
	if pings(t, fd) {
		t.Fatal("a new namespace lets everybody ping; there is nothing to open")
	}
	if err := OpenPing(fd); err != nil {
		t.Fatal(err)
	}
	if !pings(t, fd) {
		t.Error("it does not")
	}
}

func TestRangeOfGroupsThatIsSetStays(t *testing.T) {
	_, fd := made(t)
	const want = "5\t7\n"
	err := In(fd, func() error { return os.WriteFile(pingGroups, []byte(want), 0) })
	if err != nil {
		t.Fatal(err)
	}
	if err := OpenPing(fd); err != nil {
		t.Fatal(err)
	}
	var got []byte
	err = In(fd, func() (err error) {
		got, err = os.ReadFile(pingGroups)
		return err
	})
	if err != nil || string(got) != want {
		t.Errorf("it is %q, want %q: %v", got, want, err)
	}
}
