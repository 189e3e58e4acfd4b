//go:build cgo && seccomp

package main

import (
	"encoding/binary"
	"errors"
	"os"
	"sync/atomic"

	"github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"
)

// A load is a filter on its way into the kernel.
type load struct {
	at      uint64 // address of its struct sock_fprog
	program []byte
	flags   uint64
	err     error
}

// seccomp(2). Source: linux/seccomp.h.
const setModeFilter = 1

// intercept has the kernel ask this program about each filter that one of its
// threads would load (seccomp_unotify(2)). The filter is read and the thread
// told that it is loaded, so one process compiles any number of filters.
// What is returned has the newest.
func intercept() (*atomic.Pointer[load], error) {
	f, err := seccomp.NewFilter(seccomp.ActAllow)
	if err != nil {
		return nil, err
	}
	byCall, err := seccomp.GetSyscallFromName("seccomp")
	if err != nil {
		return nil, err
	}
	byOption, err := seccomp.GetSyscallFromName("prctl")
	if err != nil {
		return nil, err
	}
	equal := func(arg uint, value uint64) seccomp.ScmpCondition {
		return seccomp.ScmpCondition{Argument: arg, Op: seccomp.CompareEqual, Operand1: value}
	}
	err = errors.Join(
		f.AddRuleConditional(byCall, seccomp.ActNotify, []seccomp.ScmpCondition{equal(0, setModeFilter)}),
		f.AddRuleConditional(byOption, seccomp.ActNotify, []seccomp.ScmpCondition{equal(0, unix.PR_SET_SECCOMP)}),
		f.Load())
	if err != nil {
		return nil, err
	}
	fd, err := f.GetNotifFd()
	if err != nil {
		return nil, err
	}
	newest := new(atomic.Pointer[load])
	go answer(fd, byCall, newest)
	return newest, nil
}

// answer answers in place of the kernel until the program ends. What loads may
// ask again, also after an answer, if a signal of Go's scheduler interrupts it.
func answer(fd seccomp.ScmpFd, byCall seccomp.ScmpSyscall, newest *atomic.Pointer[load]) {
	for {
		request, err := seccomp.NotifReceive(fd)
		if err != nil {
			continue
		}
		response := &seccomp.ScmpNotifResp{ID: request.ID}
		l := load{at: request.Data.Args[2]}
		if request.Data.Syscall == byCall {
			l.flags = request.Data.Args[1]
		}
		if l.at == 0 { // libseccomp asks what the kernel knows
			response.Flags = seccomp.NotifRespFlagContinue
		} else {
			l.program, l.err = readProgram(l.at)
			newest.Store(&l) // before the answer, after which it is looked for
		}
		_ = seccomp.NotifRespond(fd, response) // who no longer waits asks again
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
