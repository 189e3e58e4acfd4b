package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A technique is one thing that an attacker would try. It returns nil when it
// got through, whatever could then be done with it: it does no harm itself.
type technique func(args []string) error

// techniques are those of every file beside this one, by name.
var techniques = map[string]technique{}

// try runs techniques and prints "name ok", or the error as errno(3) names it. A
// technique with arguments is written name:argument:argument.
func try(names []string) {
	runtime.LockOSThread()
	if len(names) == 0 {
		fail("usage: probe try TECHNIQUE[:ARGUMENT...]... of " + strings.Join(slices.Sorted(maps.Keys(techniques)), ", "))
	}
	for _, name := range names {
		parts := strings.Split(name, ":")
		t := techniques[parts[0]]
		if t == nil {
			fail("probe: no technique " + parts[0])
		}
		fmt.Println(name, outcome(t(parts[1:])))
	}
}

func outcome(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return strings.ReplaceAll(err.Error(), " ", "-")
}

// call makes a system call with zeros for what is not given. The kernel's filter
// answers before the kernel looks at arguments, so what comes back from a call
// that passes the filter is the kernel's own complaint about them.
func call(number uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}

// reached makes a system call whose arguments are nonsense: that the kernel
// complains of them shows that it was reached.
func reached(number uintptr, args ...uintptr) error {
	err := call(number, args...)
	for _, complaint := range []error{unix.EINVAL, unix.EFAULT, unix.EBADF, unix.ESRCH, unix.ENOENT, unix.EOPNOTSUPP, unix.ENOTSOCK, unix.E2BIG, unix.ENODEV, unix.ENOMEM, unix.EBUSY} {
		if errors.Is(err, complaint) {
			return nil
		}
	}
	return err
}

// argument is one that the technique needs.
func argument(args []string, n int) string {
	if n >= len(args) {
		fail("probe: a technique lacks an argument")
	}
	return args[n]
}

func init() {
	techniques["read"] = func(args []string) error { return readsSomething(argument(args, 0)) }
	techniques["write"] = func(args []string) error {
		f, err := os.OpenFile(argument(args, 0), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
}

// readsSomething: a file that is empty, or a folder with nothing in it, tells as
// little as one that cannot be opened.
func readsSomething(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err == nil && len(entries) == 0 {
			err = errors.New("empty")
		}
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fd := int(f.Fd())
	if n, err := unix.Read(fd, make([]byte, 1)); err != nil {
		return err
	} else if n == 0 {
		return errors.New("empty")
	}
	return nil
}
