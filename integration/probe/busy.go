package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"time"
)

// busy waits for a line of standard input, and then keeps so many threads a CPU
// running for a time. Who is compared shall begin together: one that ran alone
// is kept waiting for as long afterwards (Linux 6.18, groups on cgroup v1).
func busy(wall time.Duration, each int) {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		fail("busy: " + err.Error())
	}
	end := time.Now().Add(wall)
	threads := each * runtime.NumCPU()
	runtime.GOMAXPROCS(threads)
	done := make(chan struct{})
	for range threads {
		go func() {
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
