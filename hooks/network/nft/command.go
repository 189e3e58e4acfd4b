package nft

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
)

// A Command changes one thing. Adding what is there, and flushing, is success;
// deleting what is not there is not.
type Command interface {
	String() string
	do(*nftables.Conn) error
}

// Script is done in one transaction: all of it or nothing.
type Script []Command

// String is the input of `nft -f` that does the same.
func (s Script) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

// Run does the script in the network namespace of the calling thread.
func (s Script) Run() error {
	if len(s) == 0 {
		return nil
	}
	conn, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	for _, c := range s {
		if err := c.do(conn); err != nil {
			return fmt.Errorf("nftables: %s: %w", c, err)
		}
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}

// change is a command that cannot fail before the kernel sees it.
type change struct {
	text string
	make func(*nftables.Conn)
}

func (c change) String() string { return c.text }

func (c change) do(conn *nftables.Conn) error {
	c.make(conn)
	return nil
}

// command is one that can.
type command struct {
	text string
	make func(*nftables.Conn) error
}

func (c command) String() string { return c.text }

func (c command) do(conn *nftables.Conn) error { return c.make(conn) }
