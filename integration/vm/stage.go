package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// mounted is where the guest has the tree.
const mounted = "/bulkhead"

// needed are the files and folders of the source tree that the tests use, with
// what make built. Of Debian's engines only what tests in a VM start.
var needed = []string{
	"go.mod",
	"bin/bulkhead", "bin/bulkhead-runc", "bin/containerd-shim-bulkhead-v2", "bin/probe", "bin/bulkhead.deb",
	"bin/engines/built", "bin/engines/docker", "bin/engines/gvisor", "bin/engines/nerdctl",
	"bin/engines/debian/bin/busybox",
	"bin/engines/debian/usr/bin/containerd", "bin/engines/debian/usr/bin/containerd-shim-runc-v2", "bin/engines/debian/usr/bin/ctr",
	"bin/engines/debian/usr/bin/docker", "bin/engines/debian/usr/bin/docker-init", "bin/engines/debian/usr/bin/tini-static",
	"bin/engines/debian/usr/sbin/dockerd", "bin/engines/debian/usr/sbin/docker-proxy", "bin/engines/debian/usr/sbin/runc",
	"bin/engines/debian/usr/lib/cni/bridge", "bin/engines/debian/usr/lib/cni/firewall", "bin/engines/debian/usr/lib/cni/host-local",
	"bin/engines/debian/usr/lib/cni/loopback", "bin/engines/debian/usr/lib/cni/portmap", "bin/engines/debian/usr/lib/cni/tuning",
}

// stage makes a tree that looks like the source tree to the test program, with
// the program and the command that runs it as `go test` would have.
func stage(tree, mode, program string, args []string) error {
	repo, err := node.Repository()
	if err != nil {
		return err
	}
	dir, err := os.Getwd() // `go test` runs a program in its package's folder
	if err != nil {
		return err
	}
	pkg, err := filepath.Rel(repo, dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(tree, pkg), 0o755); err != nil {
		return err
	}
	for _, path := range needed {
		if err := copyInto(filepath.Join(tree, path), filepath.Join(repo, path)); err != nil {
			return err
		}
	}
	err = copyInto(filepath.Join(tree, pkg, "testdata"), filepath.Join(dir, "testdata"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := copyInto(filepath.Join(tree, "tests"), program); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tree, "run"), []byte(script(pkg, mode, args)), 0o755)
}

// script runs the program in its package's folder.
func script(pkg, mode string, args []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\ncd %s || exit\n", quote(filepath.Join(mounted, pkg)))
	fmt.Fprintf(&b, "export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n")
	if all := os.Getenv("BULKHEAD_TEST_ALL"); all != "" {
		fmt.Fprintf(&b, "export BULKHEAD_TEST_ALL=%s\n", quote(all))
	}
	fmt.Fprintf(&b, "export BULKHEAD_TEST_VM=%s %s=5\n", mode, node.PatienceVariable)
	fmt.Fprintf(&b, "exec %s/tests", mounted)
	for _, arg := range args {
		b.WriteString(" " + quote(arg))
	}
	return b.String() + "\n"
}

// quote makes a word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// copyInto copies a file or a folder, and what a link names instead of the link.
func copyInto(target, source string) error {
	source, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(target, os.DirFS(source))
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	// Of one file CopyFS keeps the mode too, but wants a folder of its own.
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, data, info.Mode().Perm())
}
