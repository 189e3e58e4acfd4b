// Package world furnishes mount and network namespaces in which an engine finds
// an ordinary machine's folders under their ordinary names, and none of them is
// the machine's.
package world

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Detach keeps what is mounted from now on to this process's mount namespace.
func Detach() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }

// Share lets the mounts of this namespace be seen within it, as systemd leaves
// them.
func Share() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "") }

// Mount mounts a file system of the kernel's own.
func Mount(fstype, at, options string) error {
	if err := unix.Mount(fstype, at, fstype, 0, options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", fstype, at, err)
	}
	return nil
}

// Run gives the world an empty /run, in which systemd still answers, where it is
// the machine's init.
func Run() error {
	kept := map[string]*os.File{}
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		for _, dir := range []string{"/run/systemd", "/run/dbus"} {
			f, err := os.Open(dir)
			if err != nil {
				return err
			}
			defer f.Close()
			kept[dir] = f
		}
	}
	if err := Mount("tmpfs", "/run", "mode=755"); err != nil {
		return err
	}
	for dir, f := range kept {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("keep %s: %w", dir, err)
		}
	}
	return nil
}

// Overlay lets a folder be written to, and shows others' files before its own.
// What is written stays in a folder below scratch, which must be no overlay.
func Overlay(scratch, at string, first ...string) error {
	dir := filepath.Join(scratch, "overlay", at)
	for _, part := range []string{"upper", "work"} {
		if err := os.MkdirAll(filepath.Join(dir, part), 0o755); err != nil {
			return err
		}
	}
	return Mount("overlay", at, fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", strings.Join(append(first, at), ":"), dir, dir))
}

// Up brings a network interface up.
func Up(name string) error {
	out, err := exec.Command("ip", "link", "set", name, "up").CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip link set %s up: %w\n%s", name, err, out)
	}
	return nil
}
