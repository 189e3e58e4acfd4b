package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// write writes so many mebibytes to a file or a disk, past the page cache or
// through it, until the disk has them, and says how many milliseconds that took.
func write(mebibytes int, path string, direct bool) {
	flags := os.O_WRONLY | os.O_CREATE
	if direct {
		flags |= syscall.O_DIRECT
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		fail(err.Error())
	}
	// Whole pages, as O_DIRECT wants it (open(2)).
	b, err := syscall.Mmap(-1, 0, 1<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		fail(err.Error())
	}
	begin := time.Now()
	for range mebibytes {
		if _, err := f.Write(b); err != nil {
			fail(err.Error())
		}
	}
	if err := f.Sync(); err != nil {
		fail(err.Error())
	}
	fmt.Println("milliseconds", time.Since(begin).Milliseconds())
	hold()
}
