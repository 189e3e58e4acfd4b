// Package bandwidth furnishes network namespaces that stand for a node, for
// containers of tenants and for a machine elsewhere, and measures what passes
// between them.
package bandwidth

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/world"
)

// A Place is a network namespace. It lasts while this process, or one that was
// started there, lives, and its interfaces no longer.
type Place struct {
	file   *os.File
	handle *netlink.Handle
}

func newPlace() (p *Place, err error) {
	p = new(Place)
	err = world.OnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		p.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, err
	}
	p.handle, err = netlink.NewHandleAt(netns.NsHandle(p.file.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("speak netlink in a network namespace: %w", err)
	}
	return p, p.raise("lo")
}

// do calls a function in the namespace.
func (p *Place) do(f func() error) error {
	return world.OnThread(func() error {
		if err := unix.Setns(int(p.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// command is a program that will run in the namespace. A process lives no longer
// than the context, nor than this one.
func (p *Place) start(ctx context.Context, input *os.File, output *os.File, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, output, os.Stderr
	return cmd, p.do(cmd.Start)
}

func (p *Place) raise(name string) error {
	l, err := p.handle.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	return p.handle.LinkSetUp(l)
}

func (p *Place) close() error {
	p.handle.Close()
	return p.file.Close()
}
