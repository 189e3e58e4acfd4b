package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Devices, scheduling and what the kernel counts by user.
func init() {
	techniques["mknod"] = func(args []string) error { // mknod:b|c:MAJOR:MINOR, and opens it
		major, err := strconv.ParseUint(argument(args, 1), 10, 32)
		if err != nil {
			return err
		}
		minor, err := strconv.ParseUint(argument(args, 2), 10, 32)
		if err != nil {
			return err
		}
		mode := uint32(unix.S_IFCHR)
		if argument(args, 0) == "b" {
			mode = unix.S_IFBLK
		}
		const path = "/tmp/bulkhead-probe-node"
		if err := unix.Mknod(path, mode|0o600, int(unix.Mkdev(uint32(major), uint32(minor)))); err != nil {
			return err
		}
		defer os.Remove(path)
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
	techniques["open"] = func(args []string) error {
		fd, err := unix.Open(argument(args, 0), unix.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
	techniques["sched-fifo"] = func([]string) error {
		fifo := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
		return aside(func() error { return unix.SchedSetAttr(0, fifo, 0) })
	}
	techniques["ioprio-rt"] = func([]string) error {
		const whoProcess, classRealtime = 1, 1 << 13 // linux/ioprio.h
		return aside(func() error { return call(unix.SYS_IOPRIO_SET, whoProcess, 0, classRealtime) })
	}
	techniques["nice"] = func([]string) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -5) }
	techniques["oom-immune"] = func([]string) error { return os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0) }
	techniques["inotify"] = func(args []string) error { // inotify:COUNT
		count, err := strconv.Atoi(argument(args, 0))
		if err != nil {
			return err
		}
		for n := range min(count, 4096) {
			if _, err := unix.InotifyInit1(unix.IN_CLOEXEC); err != nil {
				return errors.Join(fmt.Errorf("after %d", n), err)
			}
		}
		return nil
	}
	techniques["cgroup-procs"] = func([]string) error { // of the only hierarchy, or of one that every node has
		path := "/sys/fs/cgroup/cgroup.procs"
		if _, err := os.Stat(path); err != nil {
			path = "/sys/fs/cgroup/pids/cgroup.procs"
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
	techniques["core-pattern"] = func([]string) error {
		f, err := os.OpenFile("/proc/sys/kernel/core_pattern", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
}
