package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/world"
)

// inside is the first argument of a recorder that is in its world.
const inside = "inside"

// cgroupVariable names the cgroup that all containers of a world are put into.
const cgroupVariable = "BULKHEAD_RECORD_CGROUP"

// enter starts the recorder again as the first process of a new world, and
// waits for it. With it every process of the world ends, and with the last of
// them its mounts and its network.
func enter(ctx context.Context, engine string) error {
	cgroup := fmt.Sprintf("bulkhead-record-%d", os.Getpid())
	cmd := exec.CommandContext(ctx, "/proc/self/exe", inside, engine)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Kill) }
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", cgroupVariable + "=/" + cgroup}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	err := cmd.Run()
	return errors.Join(err, removeCgroups(cgroup))
}

// removeCgroups removes what the containers of a world had.
func removeCgroups(name string) error {
	var errs []error
	dirs := host.CgroupsNamed(func(found string) bool { return found == name })
	for i := len(dirs) - 1; i >= 0; i-- { // the deepest first
		errs = append(errs, os.Remove(dirs[i]))
	}
	return errors.Join(errs...)
}

// fresh are the folders that an engine finds empty: its own have their
// ordinary names below them.
var fresh = []string{"/run", "/var/lib", "/var/log", "/opt", "/srv", "/mnt", "/tmp"}

// scratch is a folder of the world for the recorder itself.
const scratch = "/run/record"

// furnish gives the world its folders: empty ones for the engine's, and /usr and
// /etc with what Debian's packages would have installed.
func furnish(engine string) error {
	repo, err := os.Getwd()
	if err != nil {
		return err
	}
	packages, err := filepath.EvalSymlinks(filepath.Join(repo, "bin/engines/debian"))
	if err != nil {
		return err
	}
	err = world.Detach()
	for _, dir := range fresh {
		if err == nil {
			err = world.Mount("tmpfs", dir, "mode=755")
		}
	}
	if err == nil {
		err = world.Overlay(scratch, "/usr", filepath.Join(packages, "usr"))
	}
	if err == nil {
		err = world.Overlay(scratch, "/etc")
	}
	if err == nil {
		err = world.Mount("proc", "/proc", "")
	}
	if err == nil {
		err = devices()
	}
	if err == nil {
		err = world.Share()
	}
	if err != nil {
		return err
	}
	return errors.Join(unix.Sethostname([]byte("node1")), placeDelegate(repo, engine), rememberCgroup(), world.Up("lo"))
}

// nodes are the devices of a small machine, which a privileged container has.
var nodes = map[string][2]uint32{
	"null": {1, 3}, "zero": {1, 5}, "full": {1, 7}, "random": {1, 8}, "urandom": {1, 9}, "kmsg": {1, 11}, "tty": {5, 0}, "console": {5, 1},
	"fuse": {10, 229}, "net/tun": {10, 200}, "sda": {8, 0},
}

func devices() error {
	err := world.Mount("tmpfs", "/dev", "mode=755")
	for name, id := range nodes {
		file, mode := filepath.Join("/dev", name), uint32(unix.S_IFCHR|0o666)
		if id[0] == 8 {
			mode = unix.S_IFBLK | 0o660
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(file), 0o755)
		}
		if err == nil {
			err = unix.Mknod(file, mode, int(unix.Mkdev(id[0], id[1])))
		}
		if err == nil { // whatever the umask
			err = os.Chmod(file, os.FileMode(mode&0o777))
		}
	}
	for _, dir := range []string{"pts", "shm", "mqueue"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join("/dev", dir), 0o755))
	}
	return errors.Join(err, world.Mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666"), os.Symlink("pts/ptmx", "/dev/ptmx"))
}

// programs is where the recorder is called runc.
const programs = scratch + "/bin"

// placeDelegate puts the recorder in the place of runc, and the engine's runc
// beside it.
func placeDelegate(repo, engine string) error {
	real := filepath.Join(repo, "bin/engines/debian/usr/sbin/runc")
	if engine != "docker" {
		real = filepath.Join(repo, "bin/engines/built/runc")
	}
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return err
	}
	return errors.Join(copyFile(real, behind), copyFile("/proc/self/exe", filepath.Join(programs, "runc")))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
