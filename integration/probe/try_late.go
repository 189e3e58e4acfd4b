package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// experimental is an ethertype that no walls let through. Source: IEEE 802,
// local experimental ethertype 1.
const experimental = 0x88b5

func init() {
	// late:INTERFACE waits for an interface that is not there yet, and sends
	// frames as soon as it is up, for half a second.
	techniques["late"] = func(args []string) error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		link, err := appears(argument(args, 0))
		if err != nil {
			return err
		}
		frame := append(ether(everybody, link.HardwareAddr, experimental), make([]byte, 46)...)
		for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
			// Down for a moment, or the queue is full: another one goes.
			_ = unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
		}
		return nil
	}
	// hear:INTERFACE waits for such frames, and says how many came in how long.
	techniques["hear"] = func(args []string) error {
		link, err := net.InterfaceByName(argument(args, 0))
		if err != nil {
			return err
		}
		kind := uint16(experimental>>8 | experimental&0xff<<8)
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(kind))
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: kind, Ifindex: link.Index}); err != nil {
			return err
		}
		fmt.Println("hearing 1")
		return heard(fd)
	}
}

func appears(name string) (*net.Interface, error) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if link, err := net.InterfaceByName(name); err == nil && link.Flags&net.FlagUp != 0 {
			return link, nil
		}
	}
	return nil, unix.ENODEV
}

func heard(fd int) error {
	var frames int
	var first, last time.Time
	buffer := make([]byte, 128)
	wait := unix.Timeval{Sec: 15}
	for {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
			return err
		}
		if _, _, err := unix.Recvfrom(fd, buffer, 0); errors.Is(err, unix.EAGAIN) {
			return fmt.Errorf("%d frames in %v", frames, last.Sub(first).Round(10*time.Microsecond))
		} else if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if last = time.Now(); frames == 0 {
			first = last
		}
		frames++
		wait = unix.Timeval{Sec: 1}
	}
}
