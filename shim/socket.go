package shim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
)

// errServed says that a shim of the group answers already.
var errServed = errors.New("a shim serves this group")

// socket is where a shim listens; containerd dials its address.
type socket struct {
	address  string
	listener *net.UnixListener
	file     *os.File // the listener, to pass to the serving process
}

// listen makes the socket of a group. Its error is errServed, beside a socket
// with only an address, when a shim of the group lives.
func listen(ctx context.Context, dir, engine, group string, debug bool) (*socket, error) {
	address, err := ctrshim.CreateSocketAddress(ctx, dir, engine, group, debug)
	if err != nil {
		return nil, err
	}
	l, err := ctrshim.NewSocket(address)
	if err != nil && ctrshim.SocketEaddrinuse(err) {
		if !debug && ctrshim.CanConnect(address) {
			return &socket{address: address}, errServed
		}
		// Nobody answers: a shim was killed. Its socket makes room.
		if err := ctrshim.RemoveSocket(address); err != nil {
			return nil, fmt.Errorf("remove stale socket: %w", err)
		}
		l, err = ctrshim.NewSocket(address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &socket{address: address, listener: l}
	if s.file, err = l.File(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// remove closes the socket and removes it from the file system, if it is this
// process's and not that of a shim that serves.
func (s *socket) remove() {
	if s.listener == nil {
		return
	}
	s.listener.Close()
	if s.file != nil {
		s.file.Close()
	}
	_ = ctrshim.RemoveSocket(s.address)
}
