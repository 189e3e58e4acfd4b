package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// spin keeps every CPU busy for a time, and says how much CPU time it got, in
// milliseconds; then it holds still.
func spin(wall time.Duration) {
	end := time.Now().Add(wall)
	done := make(chan struct{})
	threads := runtime.NumCPU()
	for range threads {
		go func() {
			for time.Now().Before(end) {
			}
			done <- struct{}{}
		}()
	}
	for range threads {
		<-done
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		fail(err.Error())
	}
	fmt.Println("milliseconds", time.Duration(used.Utime.Nano()+used.Stime.Nano()).Milliseconds())
	hold()
}
