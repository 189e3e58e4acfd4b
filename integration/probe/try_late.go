package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// experimental is an ethertype that no walls let through. Source: IEEE 802,
// local experimental ethertype 1.
const experimental = 0x88b5

func init() {
	// late waits for an interface that is not there yet, and sends frames as soon
	// as it is up, for half a second.
	techniques["late"] = func([]string) error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		link, err := appears()
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
	// hear:INTERFACE waits for such frames until its standard input ends, and says
	// how many came in how long.
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

func appears() (*net.Interface, error) {
	before, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	const looking = "/late" // whoever plugs the interface waits for it
	if err := os.WriteFile(looking, nil, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(looking)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		now, err := net.Interfaces()
		if err != nil {
			return nil, err
		}
		for _, link := range now {
			known := func(b net.Interface) bool { return b.Index == link.Index }
			if link.Flags&net.FlagUp != 0 && !slices.ContainsFunc(before, known) {
				return &link, nil
			}
		}
	}
	return nil, unix.ENODEV
}

// heard counts frames until standard input has ended, and no more come.
func heard(fd int) error {
	wait := unix.Timeval{Usec: 100_000}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return err
	}
	var ended atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whatever ended it
		ended.Store(true)
	}()
	var frames int
	var first, last time.Time
	for buffer := make([]byte, 128); ; {
		over := ended.Load()
		if _, _, err := unix.Recvfrom(fd, buffer, 0); errors.Is(err, unix.EAGAIN) && over {
			return fmt.Errorf("%d frames in %v", frames, last.Sub(first).Round(10*time.Microsecond))
		} else if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return err
		}
		if last = time.Now(); frames == 0 {
			first = last
		}
		frames++
	}
}
