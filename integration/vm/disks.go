package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ioSize is the size in bytes of the blank disk that tests of block I/O use.
const ioSize = 256 << 20

// ioRate is how fast that disk is, in bytes a second: slower than what writes to
// it, as disks are, so that there is something to share.
const ioRate = 24 << 20

// disks are the files of one machine. They have no names: whatever ends this
// process, they end too.
type disks struct{ tests, io, console, status *os.File }

func (d *disks) files() []*os.File { return []*os.File{d.tests, d.io, d.console, d.status} }

func (d *disks) close() {
	for _, f := range d.files() {
		f.Close()
	}
}

// prepare makes the disk that holds the test program and what it needs, and the
// other files.
func prepare(ctx context.Context, mode, program string, args []string) (d *disks, err error) {
	dir, err := os.MkdirTemp("", "bulkhead-vm-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tree, disk := filepath.Join(dir, "tree"), filepath.Join(dir, "tests")
	if err := stage(tree, mode, program, args); err != nil {
		return nil, fmt.Errorf("collect what the tests need: %w", err)
	}
	mke2fs := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-m", "0", "-L", "bulkhead-tests", "-d", tree, disk, "2G")
	mke2fs.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	if out, err := mke2fs.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the tests' disk: %w\n%s", err, out)
	}
	d = new(disks)
	for path, file := range map[string]**os.File{
		disk: &d.tests, filepath.Join(dir, "io"): &d.io, filepath.Join(dir, "console"): &d.console, filepath.Join(dir, "status"): &d.status,
	} {
		if *file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return nil, err
		}
	}
	return d, d.io.Truncate(ioSize)
}
