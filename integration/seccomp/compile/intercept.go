//go:build cgo && seccomp

package main

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"
)

// A load is a filter on its way into the kernel.
type load struct {
	program []byte
	flags   uint64
	err     error
}

// seccomp(2). Source: linux/seccomp.h.
const setModeFilter = 1

// intercept has the kernel ask this program about each filter that one of its
// threads would load (seccomp_unotify(2)). The filter is read and the thread
// told that it is loaded, so one process compiles any number of filters.
func intercept() (<-chan load, error) {
	f, err := seccomp.NewFilter(seccomp.ActAllow)
	if err != nil {
		return nil, err
	}
	equal := func(arg uint, value uint64) seccomp.ScmpCondition {
		return seccomp.ScmpCondition{Argument: arg, Op: seccomp.CompareEqual, Operand1: value}
	}
	asked := map[string][]seccomp.ScmpCondition{
		"seccomp": {equal(0, setModeFilter)},
		"prctl":   {equal(0, unix.PR_SET_SECCOMP), equal(1, unix.SECCOMP_MODE_FILTER)},
	}
	for name, conditions := range asked {
		call, err := seccomp.GetSyscallFromName(name)
		if err != nil {
			return nil, err
		}
		if err := f.AddRuleConditional(call, seccomp.ActNotify, conditions); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := f.Load(); err != nil {
		return nil, err
	}
	fd, err := f.GetNotifFd()
	if err != nil {
		return nil, err
	}
	loads := make(chan load, 1)
	go answer(fd, loads)
	return loads, nil
}

// answer answers in place of the kernel until the program ends.
func answer(fd seccomp.ScmpFd, loads chan<- load) {
	for {
		request, err := seccomp.NotifReceive(fd)
		if err != nil {
			loads <- load{err: err}
			return
		}
		response := &seccomp.ScmpNotifResp{ID: request.ID}
		flags, at := uint64(0), request.Data.Args[2]
		if name, err := request.Data.Syscall.GetName(); err == nil && name == "seccomp" {
			flags = request.Data.Args[1]
		}
		if at == 0 { // libseccomp asks what the kernel knows
			response.Flags = seccomp.NotifRespFlagContinue
		} else {
			program, err := readProgram(at)
			loads <- load{program, flags, err}
		}
		if err := seccomp.NotifRespond(fd, response); err != nil {
			loads <- load{err: err}
			return
		}
	}
}

// readProgram reads a struct sock_fprog of this process.
func readProgram(at uint64) ([]byte, error) {
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	head := make([]byte, 16)
	if _, err := memory.ReadAt(head, int64(at)); err != nil {
		return nil, err
	}
	program := make([]byte, 8*int(binary.NativeEndian.Uint16(head)))
	_, err = memory.ReadAt(program, int64(binary.NativeEndian.Uint64(head[8:])))
	return program, err
}
