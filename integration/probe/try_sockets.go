package main

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Sockets of families with a history. Source: linux/socket.h.
func init() {
	techniques["socket"] = func(args []string) error { // socket:FAMILY[:PROTOCOL]
		family, err := strconv.Atoi(argument(args, 0))
		if err != nil {
			return err
		}
		protocol := 0
		if len(args) > 1 {
			if protocol, err = strconv.Atoi(args[1]); err != nil {
				return err
			}
		}
		return openSocket(family, protocol)
	}
}

// openSocket tries every type, as not every family has each.
func openSocket(family, protocol int) error {
	var last error
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
		fd, err := unix.Socket(family, kind, protocol)
		if err == nil {
			return unix.Close(fd)
		}
		if last == nil || last == unix.ESOCKTNOSUPPORT {
			last = err
		}
	}
	return last
}
