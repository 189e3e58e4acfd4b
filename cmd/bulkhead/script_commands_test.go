package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// exits runs a program and wants its exit code: exits 2 bulkhead diff.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var e *exec.ExitError
	if errors.As(err, &e) {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}

// recordContainer makes the records of files as a shim would, each of a process
// that lives as long as the test: record FILE...
func recordContainer(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		r := new(record.Record)
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), r))
		r.Pid = os.Getpid()
		start, err := record.StartTime(r.Pid)
		ts.Check(err)
		r.StartTime = start
		if st, err := tenant.Open(tenant.Root(ts.Getenv("BULKHEAD_ROOT"))); err == nil && r.Version == "current" {
			r.Version = st.Version
		}
		ts.Check(record.Create(tenant.Root(ts.Getenv("BULKHEAD_ROOT")), r))
	}
}
