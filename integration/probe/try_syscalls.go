package main

import "golang.org/x/sys/unix"

// System calls that a container has no use for. Numbers are x/sys's, of the
// architecture that this is built for.
func init() {
	for name, number := range map[string]uintptr{
		"io_uring_setup": unix.SYS_IO_URING_SETUP, "io_uring_enter": unix.SYS_IO_URING_ENTER, "io_uring_register": unix.SYS_IO_URING_REGISTER,
		"bpf": unix.SYS_BPF, "perf_event_open": unix.SYS_PERF_EVENT_OPEN,
		"open_by_handle_at": unix.SYS_OPEN_BY_HANDLE_AT, "name_to_handle_at": unix.SYS_NAME_TO_HANDLE_AT,
		"process_vm_readv": unix.SYS_PROCESS_VM_READV, "process_vm_writev": unix.SYS_PROCESS_VM_WRITEV,
		"pidfd_getfd": unix.SYS_PIDFD_GETFD, "kcmp": unix.SYS_KCMP,
		"vmsplice": unix.SYS_VMSPLICE, "quotactl": unix.SYS_QUOTACTL, "move_mount": unix.SYS_MOVE_MOUNT, "fsopen": unix.SYS_FSOPEN,
		"open_tree": unix.SYS_OPEN_TREE, "mount": unix.SYS_MOUNT, "setns": unix.SYS_SETNS, "kexec_load": unix.SYS_KEXEC_LOAD,
		"init_module": unix.SYS_INIT_MODULE, "delete_module": unix.SYS_DELETE_MODULE, "acct": unix.SYS_ACCT,
		"swapon": unix.SYS_SWAPON, "lookup_dcookie": unix.SYS_LOOKUP_DCOOKIE,
	} {
		techniques[name] = func([]string) error {
			return reached(number, ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0))
		}
	}
	techniques["userfaultfd"] = func([]string) error { return opens(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK) }
	techniques["memfd_secret"] = func([]string) error { return opens(unix.SYS_MEMFD_SECRET, 0) }
	techniques["sync"] = func([]string) error { return call(unix.SYS_SYNC) }
	techniques["keyctl"] = func([]string) error {
		const getKeyringID, session = 0, ^uintptr(2) // KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING (-3)
		return call(unix.SYS_KEYCTL, getKeyringID, session, 0)
	}
	techniques["add_key"] = func([]string) error {
		_, err := unix.AddKey("user", "bulkhead-probe", []byte("x"), unix.KEY_SPEC_USER_KEYRING)
		return err
	}
	techniques["syslog"] = func([]string) error {
		const sizeUnread = 9 // SYSLOG_ACTION_SIZE_UNREAD
		return call(unix.SYS_SYSLOG, sizeUnread)
	}
	techniques["personality"] = func([]string) error {
		const addrNoRandomize = 0x0040000
		return call(unix.SYS_PERSONALITY, addrNoRandomize)
	}
	techniques["tiocsti"] = func([]string) error {
		return reachedTerminal(unix.IoctlSetPointerInt(0, unix.TIOCSTI, 'x'))
	}
	techniques["tiocsti-high"] = func([]string) error { // the kernel looks at 32 bits, a filter may look at 64
		return reachedTerminal(unix.IoctlSetPointerInt(0, 1<<32|unix.TIOCSTI, 'x'))
	}
}

// reachedTerminal: no terminal is there, which the kernel says only when the
// call got to it.
func reachedTerminal(err error) error {
	if err == unix.ENOTTY || err == unix.EIO || err == unix.EINVAL {
		return nil
	}
	return err
}

// opens makes a call that returns a descriptor, and closes it.
func opens(number uintptr, args ...uintptr) error {
	var a [3]uintptr
	copy(a[:], args)
	fd, _, errno := unix.Syscall(number, a[0], a[1], a[2])
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}
