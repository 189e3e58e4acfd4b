package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/world"
)

// worldVariable names the folder of Debian's packages to a process that shall
// furnish its namespaces and become containerd.
const worldVariable = "BULKHEAD_NODE_WORLD"

// ownWorld is the namespaces of a node that has a world of its own, held open: they
// stay when its engines restart.
type ownWorld struct{ mount, net *os.File }

func openNamespaces(pid int) (*ownWorld, error) {
	mount, err := os.Open(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	if err != nil {
		return nil, err
	}
	net, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	return &ownWorld{mount, net}, err
}

func (s *ownWorld) close() {
	if s != nil {
		s.mount.Close()
		s.net.Close()
	}
}

// Enter returns a command that will run in the node's world, if it has one, with
// the variable that marks the node's processes.
func (n *Node) Enter(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	if n.world != nil {
		cmd = exec.Command("nsenter", append([]string{"--mount=/proc/self/fd/3", "--net=/proc/self/fd/4", "--", program}, args...)...)
		cmd.ExtraFiles = []*os.File{n.world.mount, n.world.net}
	}
	cmd.Env = []string{n.place.variable(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	return cmd
}

// founding makes a command the first of the node's world.
func (n *Node) founding(cmd *exec.Cmd) {
	cmd.Args = append([]string{"world"}, cmd.Args...)
	cmd.Path = "/proc/self/exe"
	cmd.Env = append(cmd.Env, worldVariable+"="+n.Engine.debian)
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWNET
}

// found furnishes this process's namespaces and becomes the program of args. It
// does not return, unless in error.
func found(packages string, args []string) error {
	if err := furnish(packages); err != nil {
		return fmt.Errorf("make the node's world: %w", err)
	}
	if err := os.Unsetenv(worldVariable); err != nil {
		return err
	}
	return syscall.Exec(args[0], args, os.Environ())
}

// furnish gives the world empty folders for what runs and what Docker keeps, and
// /usr and /etc with what Debian's packages would have installed.
func furnish(packages string) error {
	const scratch, docker = "/run/world", "/var/lib/docker"
	for _, step := range []func() error{
		world.Detach,
		world.Run,
		func() error { return world.Overlay(scratch, "/usr", filepath.Join(packages, "usr")) },
		func() error { return world.Overlay(scratch, "/etc") },
		func() error { return world.Overlay(scratch, "/var/lib") },
		func() error { return os.MkdirAll(docker, 0o711) },
		func() error { return world.Mount("tmpfs", docker, "mode=711") },
		world.Share,
		func() error { return world.Up("lo") },
		remapUser,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// remapUser makes the user of Docker's userns-remap.
func remapUser() error {
	var errs []error
	for file, line := range map[string]string{
		"/etc/passwd": "dockremap:x:99999:99999::/:/bin/false\n", "/etc/group": "dockremap:x:99999:\n",
		"/etc/subuid": "dockremap:1000000:65536\n", "/etc/subgid": "dockremap:1000000:65536\n",
	} {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = f.WriteString(line)
			err = errors.Join(err, f.Close())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
