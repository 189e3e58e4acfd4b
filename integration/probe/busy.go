package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// busy waits for a line of standard input, and then keeps so many threads a CPU
// running for a time. Who is compared shall begin together: one that ran alone
// is kept waiting for as long afterwards (Linux 6.18, groups on cgroup v1).
//
// Pinned threads stay on their CPUs, as many on each: the kernel's balancing
// spreads eight threads beside a hundred and sixty only by and by, and while they
// are on one of two CPUs their group has a third of both.
func busy(wall time.Duration, each int, pinned bool) {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		fail("busy: " + err.Error())
	}
	end := time.Now().Add(wall)
	threads := each * runtime.NumCPU()
	runtime.GOMAXPROCS(threads + 1)
	done := make(chan struct{})
	for i := range threads {
		go func() {
			if pinned {
				pin(i % runtime.NumCPU())
			}
			for time.Now().Before(end) {
			}
			done <- struct{}{}
		}()
	}
	fmt.Println("busy", threads)
	for range threads {
		<-done
	}
}

func pin(cpu int) {
	runtime.LockOSThread()
	var only unix.CPUSet
	only.Set(cpu)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		fail("pin to a CPU: " + err.Error())
	}
}
