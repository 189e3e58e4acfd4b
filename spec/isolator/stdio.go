package isolator

import (
	"errors"
	"net/url"
	"path"
	"slices"
	"strconv"
)

/*
stdio: where a container's output goes.

Owns     the streams of a Create; those of an Exec pass ExecStdio
Rule     A fifo, a file in a folder of the node's list, or a program that is on
         the node's list.
Because  The shim opens the file and runs the program as root of the node; an
         image's label became such a program (CVE-2026-53488; attack row 5).
Escape   NodePolicy.stdio.logFolders, NodePolicy.stdio.logBinaries.
*/

var _ = register(Isolator{
	Name:    "stdio",
	Owns:    []string{"/stdio"},
	Reason:  "the shim opens streams as root",
	Leq:     func(a, b *Request) bool { return a.Stdio == b.Stdio },
	Rewrite: listedStreams,
	Holds:   listedStreams,
})

// isFifo goes by what the path is, not by its name: the shim reads a regular
// file into the container, or writes to its end (containerd 2.4.2, copyPipes).
func isFifo(c *Case, p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && slices.Contains(c.Facts.Fifos, p)
}

func listedStreams(c *Case, r *Request) error { return ExecStdio(c, r.Stdio) }

// ExecStdio decides the streams of a further process, which come beside its
// spec. Its error is made of denials, as an isolator's.
func ExecStdio(c *Case, s Stdio) error {
	errs := []error{listedStream(c, "stdin", s.Stdin), listedStream(c, "stdout", s.Stdout)}
	if !s.Terminal { // with one nothing opens it: clients name a fifo that they never make
		errs = append(errs, listedStream(c, "stderr", s.Stderr))
	}
	return errors.Join(errs...)
}

func listedStream(c *Case, name, stream string) error {
	d := &Denial{"stdio", "stdio." + name, strconv.Quote(stream), "", Nothing}
	// Parsed as the shim does it (containerd 2.4.2, process/io.go): an escaped
	// path is judged as it will be opened.
	u, err := url.Parse(stream)
	if err != nil || u.Host != "" || u.User != nil {
		d.Want = "a path, or a URI with one"
		return d
	}
	switch u.Scheme {
	case "": // opened as it is, so that nothing is unescaped
		d.Want = "the clean absolute path of a fifo"
		if stream == "" || isFifo(c, stream) {
			return nil
		}
	case "fifo":
		d.Want = "the clean absolute path of a fifo"
		if isFifo(c, u.Path) {
			return nil
		}
	case "file":
		d.Want, d.Allow = "a file in a folder for logs", "NodePolicy.stdio.logFolders"
		if belowOneOf(c.Node.Stdio.LogFolders, u.Path) {
			return nil
		}
	case "binary", "binary-v2":
		d.Want, d.Allow = "a program for logs", "NodePolicy.stdio.logBinaries"
		if slices.Contains(c.Node.Stdio.LogBinaries, u.Path) {
			return nil
		}
	default:
		d.Want = "a fifo, a file or a program"
	}
	return d
}
