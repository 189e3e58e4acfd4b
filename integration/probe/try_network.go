package main

import (
	"net"
	"strings"
	"time"
)

func init() {
	// tcp:ADDRESS:PORT opens a connection, of which nothing is sent.
	techniques["tcp"] = func(args []string) error {
		last := len(args) - 1
		c, err := net.DialTimeout("tcp", net.JoinHostPort(strings.Join(args[:last], ":"), args[last]), time.Second)
		if err != nil {
			return err
		}
		return c.Close()
	}
}
