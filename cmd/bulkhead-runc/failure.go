package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// exited is the status of a container or of a delegate, which has been said
// already or is no error of ours.
type exited int

func (e exited) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit says what went wrong, where an engine looks for it, and returns the
// status to end with: runc's own is 1, and 255 of an exec.
func (inv *invocation) exit(err error) int {
	var status exited
	var failed *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &failed) && failed.ExitCode() > 0:
		return failed.ExitCode()
	}
	fmt.Fprintf(os.Stderr, "bulkhead-runc: %v\n", err)
	inv.logError(err)
	if inv.verb == "exec" {
		return 255
	}
	return 1
}

// logError writes to the log that the engine names, in runc's format. Podman
// and containerd take their message from it.
func (inv *invocation) logError(err error) {
	if inv.log == "" {
		return
	}
	f, failed := os.OpenFile(inv.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if failed != nil {
		return // it stands on standard error
	}
	defer f.Close()
	now := time.Now().UTC().Format(time.RFC3339)
	if inv.logFormat != "json" {
		fmt.Fprintf(f, "time=%q level=error msg=%q\n", now, err.Error())
		return
	}
	line, failed := json.Marshal(map[string]string{"level": "error", "msg": err.Error(), "time": now})
	if failed == nil {
		fmt.Fprintf(f, "%s\n", line)
	}
}
