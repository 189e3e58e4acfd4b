package integration

import (
	"net"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// held is a connection that a container opened and keeps.
type held struct {
	net.Conn
	box *box
	to  string
}

// hold opens a connection in a box's network, to an echo.
func (b *box) hold(address, port string) *held {
	b.lab.Helper()
	h := &held{box: b, to: net.JoinHostPort(address, port)}
	b.lab.must(inNetworkOf(b.pid, func() (err error) {
		h.Conn, err = net.DialTimeout("tcp", h.to, node.Patience(3*time.Second))
		return err
	}))
	b.lab.Cleanup(func() { h.Close() })
	return h
}

// carries expects a byte to come back.
func (h *held) carries(when string) {
	h.box.lab.Helper()
	h.box.lab.must(h.SetDeadline(time.Now().Add(node.Patience(3 * time.Second))))
	_, err := h.Write([]byte{1})
	if err == nil {
		_, err = h.Read(make([]byte, 1))
	}
	if err != nil {
		h.box.lab.Errorf("%s: the connection to %s: %v", when, h.to, err)
	}
}

// follow applies a policy, which what runs has to follow while connections live
// on.
func (l *lab) follow(when string, alive []*held, p node.Policy) {
	l.Helper()
	l.must(l.node.Apply(l.ctx, p))
	for _, h := range alive {
		h.carries(when)
	}
}
