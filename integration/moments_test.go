package integration

import (
	"encoding/binary"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// moments are what becomes different in a network namespace, and in a folder: a
// transaction of nftables, an interface, a queue, a file that is put in its
// place.
type moments struct {
	count  atomic.Int64
	at     atomic.Int64
	act    func()
	stop   int // a pipe's end
	ended  chan struct{}
	inputs []int
}

// watchMoments calls act at the moment with the number that is set, 1 for the
// first, until the test ends.
func watchMoments(t *testing.T, pid int, folder string, act func()) *moments {
	t.Helper()
	m := &moments{act: act, ended: make(chan struct{})}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(inNetworkOf(pid, func() error {
		for family, groups := range map[int][]int{unix.NETLINK_ROUTE: {unix.RTNLGRP_LINK, unix.RTNLGRP_TC}, unix.NETLINK_NETFILTER: {unix.NFNLGRP_NFTABLES}} {
			fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
			if err != nil {
				return err
			}
			m.inputs = append(m.inputs, fd)
			if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil { // what has no number hears nothing
				return err
			}
			for _, g := range groups {
				if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	files, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	must(err)
	_, err = unix.InotifyAddWatch(files, folder, unix.IN_MOVED_TO|unix.IN_DELETE)
	must(err)
	var pipe [2]int
	must(unix.Pipe2(pipe[:], unix.O_CLOEXEC))
	m.inputs, m.stop = append(m.inputs, files, pipe[0]), pipe[1]
	go m.read()
	t.Cleanup(func() {
		unix.Close(m.stop)
		<-m.ended
		for _, fd := range m.inputs {
			unix.Close(fd)
		}
	})
	return m
}

// set begins to count, and names the moment to act at; 0: none.
func (m *moments) set(at int64) {
	m.count.Store(0)
	m.at.Store(at)
}

func (m *moments) read() {
	defer close(m.ended)
	const files, stop = 2, 3
	buffer := make([]byte, 1<<16)
	for {
		var fds []unix.PollFd
		for _, fd := range m.inputs {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return
		}
		if fds[stop].Revents != 0 {
			return
		}
		for i, p := range fds[:stop] {
			if p.Revents&unix.POLLIN == 0 {
				continue
			}
			n, err := unix.Read(int(p.Fd), buffer)
			if err != nil {
				continue
			}
			if i == files || ends(buffer[:n]) {
				if m.count.Add(1) == m.at.Load() {
					m.act()
				}
			}
		}
	}
}

// ends reports a message of rtnetlink, or the last one of a transaction of
// nftables: that there is a new generation.
func ends(message []byte) bool {
	const newGeneration = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN
	for len(message) >= unix.NLMSG_HDRLEN {
		size, kind := int(binary.NativeEndian.Uint32(message)), binary.NativeEndian.Uint16(message[4:])
		if kind>>8 != unix.NFNL_SUBSYS_NFTABLES || kind == newGeneration {
			return true
		}
		if size < unix.NLMSG_HDRLEN || size > len(message) {
			return false
		}
		message = message[min(len(message), (size+3)&^3):]
	}
	return false
}
