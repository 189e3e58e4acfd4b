//go:build cgo && seccomp

// Command compile turns filters of runtime-spec into the programs that runc
// would load for them, with runc's own code and libseccomp. It reads one filter
// of JSON a line and writes one Result a line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/opencontainers/runc/libcontainer/seccomp"
	"github.com/opencontainers/runc/libcontainer/specconv"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"
)

// A Result is a program as bytes of struct sock_filter in the machine's order,
// and the flags that it is loaded with, or why runc refuses the filter.
type Result struct {
	Program []byte `json:"program,omitempty"`
	Flags   uint64 `json:"flags,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	logrus.SetLevel(logrus.ErrorLevel) // runc warns of calls that libseccomp does not know
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	// runc loads with a raw system call. What would stop the world meanwhile
	// waits for it, and it for an answer from the stopped world: garbage is
	// collected between two loads only, and somebody else must be running.
	debug.SetGCPercent(-1)
	goruntime.GOMAXPROCS(max(2, goruntime.GOMAXPROCS(0)))
	newest, err := intercept()
	if err != nil {
		return fmt.Errorf("intercept what loads a filter: %w", err)
	}
	r, w := json.NewDecoder(in), bufio.NewWriter(out)
	for n := 1; ; n++ {
		if n%100 == 0 {
			goruntime.GC()
		}
		filter := new(specs.LinuxSeccomp)
		if err := r.Decode(filter); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := json.NewEncoder(w).Encode(compile(filter, newest)); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// compile has runc load a filter, which the interceptor answers instead of the
// kernel.
func compile(filter *specs.LinuxSeccomp, newest *atomic.Pointer[load]) Result {
	config, err := specconv.SetupSeccomp(filter)
	if err == nil && config == nil {
		err = errors.New("this filter is none to runc")
	}
	newest.Store(nil)
	if err == nil {
		_, err = seccomp.InitSeccomp(config)
	}
	if err != nil {
		return Result{Error: err.Error()}
	}
	l := newest.Load()
	if l == nil {
		return Result{Error: "runc loaded nothing"}
	}
	if l.err != nil {
		return Result{Error: "read the program: " + l.err.Error()}
	}
	return Result{Program: l.program, Flags: l.flags}
}
