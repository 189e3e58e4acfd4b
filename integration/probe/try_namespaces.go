package main

import (
	"errors"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Ways to namespaces and to other processes.
func init() {
	for name, flag := range map[string]uintptr{
		"unshare-user": unix.CLONE_NEWUSER, "unshare-mount": unix.CLONE_NEWNS, "unshare-net": unix.CLONE_NEWNET,
	} {
		techniques[name] = func([]string) error {
			return aside(func() error { return reached(unix.SYS_UNSHARE, flag) }) // EINVAL: this program has threads
		}
	}
	// Its flags are behind a pointer, which leads nowhere here.
	techniques["clone3"] = func([]string) error { return reached(unix.SYS_CLONE3, ^uintptr(0), 88) }
	techniques["ptrace"] = func(args []string) error {
		pid, err := strconv.Atoi(argument(args, 0))
		if err != nil {
			return err
		}
		return aside(func() error { return call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid)) })
	}
	techniques["open-exe"] = func([]string) error { // CVE-2019-5736
		f, err := os.OpenFile("/proc/1/exe", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
	techniques["shim-sockets"] = func([]string) error { // CVE-2020-15257
		data, err := os.ReadFile("/proc/net/unix")
		if err != nil {
			return err
		}
		for _, b := range data {
			if b == '@' {
				return nil
			}
		}
		return errors.New("none")
	}
	techniques["mount-cgroup"] = func([]string) error { // CVE-2022-0492
		err := aside(func() error { return unix.Mount("x", "/tmp", "cgroup", 0, "pids") })
		if err == unix.EBUSY { // the controller is in the other hierarchy, which the kernel says at the end
			return nil
		}
		return err
	}
	techniques["mount-tmpfs"] = func([]string) error {
		return aside(func() error { return unix.Mount("x", "/tmp", "tmpfs", 0, "") })
	}
	techniques["setuid-0"] = func([]string) error { return aside(func() error { return unix.Setuid(0) }) }
}

// aside does something on a thread that ends with it, so that what it changed of
// itself is gone.
func aside(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread is thrown away
		done <- do()
	}()
	return <-done
}
