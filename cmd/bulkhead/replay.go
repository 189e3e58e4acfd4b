package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// replayRunning shows what the policy that shall be in force would make of every
// container that runs. They go on as they are; it is their next start that is
// shown.
func replayRunning(ctx context.Context, w io.Writer, e *compile.Edited) (err error) {
	root, end, err := e.Stage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	all, err := runtime.New(here(), runtime.Execute).Replay(ctx, root)
	if err != nil || len(all) == 0 {
		return err
	}
	var refused, narrowed int
	for _, r := range all {
		name := strings.TrimPrefix(r.Scope, "containerd:") + "/" + r.Container
		switch reasons := reasonsOf(r); {
		case len(reasons) > 0 && (r.Enforced || r.Refused != ""):
			refused++
			fmt.Fprintf(w, "container %s: refused: %s\n", name, strings.Join(reasons, "; "))
		case len(reasons) > 0:
			fmt.Fprintf(w, "container %s: only audited: %s\n", name, strings.Join(reasons, "; "))
		case len(r.Changes) > 0 && r.Enforced:
			narrowed++
			fmt.Fprintf(w, "container %s: narrowed: %s\n", name, strings.Join(editsOf(r.Changes), "; "))
		}
	}
	fmt.Fprintf(w, "of %d running containers, started again: %d refused, %d narrowed\n", len(all), refused, narrowed)
	return nil
}

func reasonsOf(r runtime.Replayed) []string {
	if r.Refused != "" {
		return []string{strings.TrimPrefix(r.Refused, "refused: ")}
	}
	var reasons []string
	for _, d := range r.Denials {
		reasons = append(reasons, strings.TrimPrefix(d.Error(), "refused "))
	}
	return reasons
}

// plain is a text of an engine's client with nothing in it that a terminal obeys.
func plain(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// editsOf says on one line what was changed: the isolators, each with its
// fields and the reason.
func editsOf(changes []spec.Change) []string {
	var parts []string
	fields := map[string][]string{}
	reasons := map[string]string{}
	for _, c := range changes {
		if fields[c.Isolator] == nil {
			parts = append(parts, c.Isolator)
		}
		fields[c.Isolator] = append(fields[c.Isolator], plain(strings.TrimPrefix(c.Path, "/spec/")))
		reasons[c.Isolator] = c.Reason
	}
	for i, isolator := range parts {
		parts[i] = fmt.Sprintf("%s (%s: %s)", isolator, strings.Join(fields[isolator], ", "), reasons[isolator])
	}
	return parts
}
