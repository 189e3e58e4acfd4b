// Vm runs a test program in a virtual machine with Debian's kernel: it is what
// `go test -exec` is given, so that `go test` itself prints the results and
// decides the exit status. The machine is emulated (TCG), has cgroup v2 where
// this machine may not, and is gone when this process is, whatever ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	goruntime "runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// margin is what a machine may take beside its tests: to start, and to end.
// Below the minute after which `go test` kills what it runs.
const margin = 45 * time.Second

func main() {
	// A child's Pdeathsig is sent when the thread ends that started it.
	goruntime.LockOSThread()
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run() (int, error) {
	var m machine
	flag.StringVar(&m.image, "image", "", "`folder` of the kernel and the system's disk")
	flag.StringVar(&m.mode, "mode", "cgroupfs", "who is PID 1 and has the cgroups: "+strings.Join(modes(), ", "))
	flag.IntVar(&m.memory, "memory", 2048, "`MiB` of memory")
	flag.IntVar(&m.cpus, "smp", 2, "`number` of CPUs")
	flag.Parse()
	if flag.NArg() == 0 || m.image == "" || kernelArguments[m.mode] == "" {
		flag.Usage()
		return 2, errors.New("want -image FOLDER, a mode, and a test program with its arguments")
	}

	// `go test` that is killed does not kill what it runs.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return 0, fmt.Errorf("end with the parent: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()

	disks, err := prepare(ctx, m.mode, flag.Arg(0), flag.Args()[1:])
	if err != nil {
		return 0, err
	}
	limit := timeout(flag.Args()) + margin
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the VM hangs: it did not end within %v", limit))
	defer cancel()
	return m.run(ctx, disks)
}

// timeout is how long the tests may take, by their own flag. Tests that may
// take forever hang a machine too.
func timeout(args []string) time.Duration {
	const unsaid = 10 * time.Minute
	for _, arg := range args {
		if text, found := strings.CutPrefix(arg, "-test.timeout="); found {
			if d, err := time.ParseDuration(text); err == nil && d > 0 {
				return d
			}
		}
	}
	return unsaid
}
