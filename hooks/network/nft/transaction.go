package nft

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A Conn is a socket to nftables in the network namespace where it was opened.
type Conn struct{ socket *nl.NetlinkSocket }

// Dial opens one in the network namespace of the calling thread.
func Dial() (*Conn, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return &Conn{s}, nil
}

// Close lets it go.
func (c *Conn) Close() { c.socket.Close() }

// Run does the script in the network namespace of the calling thread. Its error
// names the command that the kernel refused.
func (s Script) Run() error {
	if len(s) == 0 {
		return nil
	}
	c, err := Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Run(s)
}

// Run does a script over the connection.
func (c *Conn) Run(s Script) error {
	batch, of, err := s.batch()
	if err != nil || len(of) == 0 {
		return err
	}
	if size := 2 * len(batch); size > 200<<10 { // what a socket has by default; a batch is one message to it
		_ = unix.SetsockoptInt(c.socket.GetFd(), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, size)
	}
	if err := unix.Sendto(c.socket.GetFd(), batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("nftables: send %d changes: %w", len(of), err)
	}
	return c.answer(of)
}

// batch is the transaction as one piece, and the command of each of its
// messages. They are numbered from 1; only the last is acknowledged, when all is
// done. Source: linux/netfilter/nfnetlink.h, NFNL_MSG_BATCH_BEGIN.
func (s Script) batch() (all []byte, of []Command, err error) {
	var messages []message
	for _, c := range s {
		m, err := c.encode()
		if err != nil {
			return nil, nil, fmt.Errorf("nftables: %s: %w", c, err)
		}
		for range m {
			of = append(of, c)
		}
		messages = append(messages, m...)
	}
	if len(messages) == 0 {
		return nil, nil, nil
	}
	messages[len(messages)-1].flags |= unix.NLM_F_ACK
	all = limit(nil, unix.NFNL_MSG_BATCH_BEGIN)
	for i, m := range messages {
		all = m.append(all, uint32(i+1))
	}
	return limit(all, unix.NFNL_MSG_BATCH_END), of, nil
}

// answer waits for the last message's acknowledgement. Each that was refused has
// its own before; 0 is the batch itself.
func (c *Conn) answer(of []Command) (refused error) {
	last := uint32(len(of))
	for {
		messages, from, err := c.socket.Receive()
		if errors.Is(err, unix.EINTR) || err == nil && from.Pid != nl.PidKernel {
			continue
		}
		if err != nil {
			return fmt.Errorf("nftables: no answer: %w", err)
		}
		for _, m := range messages {
			if m.Header.Type != unix.NLMSG_ERROR || len(m.Data) < 4 {
				continue
			}
			seq := m.Header.Seq
			if errno := -int32(nl.NativeEndian().Uint32(m.Data)); errno != 0 && refused == nil {
				refused = fmt.Errorf("nftables: %w", unix.Errno(errno))
				if seq > 0 && seq <= last {
					refused = fmt.Errorf("nftables: %s: %w", of[seq-1], unix.Errno(errno))
				}
			}
			if seq == 0 || seq >= last {
				return refused
			}
		}
	}
}
