package main

import "golang.org/x/sys/unix"

// Entry points that only this architecture has.
func init() {
	techniques["modify_ldt"] = func([]string) error { return reached(unix.SYS_MODIFY_LDT, 0) }
	techniques["iopl"] = func([]string) error { return reached(unix.SYS_IOPL, 3) }
}
