package main

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// merge puts named objects in the place of those of the same kind and name.
// With prune nothing else stays.
func merge(named []*compile.Object, prune bool) compile.Change {
	return func(current []*compile.Object) ([]*compile.Object, error) {
		if prune {
			return named, nil
		}
		replaced := byRef(named)
		var after []*compile.Object
		for _, o := range current {
			if replaced[o.Ref()] == nil {
				after = append(after, o)
			}
		}
		return append(after, named...), nil
	}
}

func byRef(objects []*compile.Object) map[string]*compile.Object {
	m := map[string]*compile.Object{}
	for _, o := range objects {
		m[o.Ref()] = o
	}
	return m
}

// entry is this process's line of the history.
func entry() compile.Entry {
	return compile.Entry{Time: time.Now().UTC(), User: operator(), Command: "bulkhead " + strings.Join(os.Args[1:], " ")}
}

// operator is whoever runs this, also behind sudo.
func operator() string {
	name := os.Getenv("SUDO_USER")
	if u, err := user.Current(); name == "" && err == nil {
		name = u.Username
	}
	return name
}

// became is what happened to an object, in kubectl's words.
func became(before map[string]*compile.Object, o *compile.Object) string {
	switch old := before[o.Ref()]; {
	case old == nil:
		return "created"
	case old.Text != o.Text:
		return "configured"
	}
	return "unchanged"
}

// showGone prints one line for every object that is no longer there.
func showGone(w io.Writer, before, after []*compile.Object, verb string) {
	kept := byRef(after)
	for _, o := range before {
		if kept[o.Ref()] == nil {
			fmt.Fprintf(w, "%s %s\n", o.Ref(), verb)
		}
	}
}

// showChanges prints what happened to every named object and to those that are
// no longer there. suffix ends each line.
func showChanges(w io.Writer, e *compile.Edited, named []*compile.Object, suffix string) {
	before := byRef(e.Before)
	for _, o := range named {
		verb := became(before, o)
		note := ""
		if verb != "unchanged" {
			note = unbounded(e.Compiled, o)
		}
		fmt.Fprintf(w, "%s %s%s%s\n", o.Ref(), verb, suffix, note)
	}
	showGone(w, e.Before, e.After, "pruned"+suffix)
}

// unbounded says which notable limits a tenant does not have.
func unbounded(c *compile.Compiled, o *compile.Object) string {
	p := c.Tenants[o.Name()]
	if o.Tenant == nil || p == nil {
		return ""
	}
	var missing []string
	if p.Limits.CPUMilli == nil {
		missing = append(missing, "limits.cpu")
	}
	if p.Limits.MemoryBytes == nil {
		missing = append(missing, "limits.memory")
	}
	if missing == nil {
		return ""
	}
	return " (not bounded: " + strings.Join(missing, ", ") + ")"
}

// showDiff prints how the objects in force differ from those that shall be, as
// a unified diff, and reports whether they do.
func showDiff(w io.Writer, e *compile.Edited) bool {
	before, after := byRef(e.Before), byRef(e.After)
	differ := false
	show := func(oldName string, old []byte, newName string, new []byte) {
		text := diff.Diff(oldName, old, newName, new)
		differ = differ || len(text) > 0
		w.Write(text)
	}
	for _, o := range e.After {
		if old := before[o.Ref()]; old == nil {
			show("/dev/null", nil, o.Ref()+" ("+o.File+")", []byte(o.Text))
		} else if old != o {
			show(o.Ref()+" (in force)", []byte(old.Text), o.Ref()+" ("+o.File+")", []byte(o.Text))
		}
	}
	for _, o := range e.Before {
		if after[o.Ref()] == nil {
			show(o.Ref()+" (in force)", []byte(o.Text), "/dev/null", nil)
		}
	}
	if e.Changed && !differ {
		fmt.Fprintln(w, "the objects are the same; this bulkhead compiles them to another policy")
		differ = true
	}
	return differ
}

// showWarnings prints what is probably not meant, of the files named only.
func showWarnings(w io.Writer, e *compile.Edited, named []*compile.Object) {
	mine := map[string]bool{}
	for _, o := range named {
		mine[o.File] = true
	}
	for _, warning := range e.Compiled.Warnings {
		if mine[warning.File] {
			fmt.Fprintln(w, "bulkhead: warning: "+warning.Error())
		}
	}
}
