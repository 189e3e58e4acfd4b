package pods

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	worlds "github.com/bulkhead-dev/bulkhead/integration/world"
)

// world is a mount and a network namespace of a node's own. They last while
// this process holds them open or one of the node's runs in them, and with
// them end the mounts and interfaces that were made there.
type world struct{ mount, network *os.File }

// fresh are the folders where a kubelet and CNI plugins have names of their own
// that no option moves: empty ones in the world, beside /run.
var fresh = []string{"/var/lib", "/var/log"}

func newWorld() (*world, error) {
	w := new(world)
	err := worlds.OnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		err := worlds.Detach()
		if err == nil {
			err = worlds.Run()
		}
		for _, dir := range fresh {
			if err == nil {
				err = worlds.Mount("tmpfs", dir, "mode=755")
			}
		}
		if err == nil { // as systemd leaves it: the kubelet's mounts reach containerd
			err = worlds.Share()
		}
		if err == nil {
			err = connect()
		}
		if err == nil {
			w.mount, err = os.Open("/proc/thread-self/ns/mnt")
		}
		if err == nil {
			w.network, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a world for the node: %w", err), w.close())
	}
	return w, nil
}

// do calls a function in the world. Processes that it starts are in the world,
// files and sockets that it opens are the world's.
func (w *world) do(f func() error) error {
	return worlds.OnThread(func() error {
		if err := unix.Unshare(unix.CLONE_FS); err != nil { // a thread that shares its root cannot change it
			return err
		}
		if err := unix.Setns(int(w.mount.Fd()), unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := unix.Setns(int(w.network.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

func (w *world) close() error {
	var errs []error
	for _, f := range []*os.File{w.mount, w.network} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
