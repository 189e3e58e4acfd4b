package main

import (
	"fmt"
	"runtime"
	"time"
)

// slice is short beside what anybody waits for, and long beside a timer.
const slice = 10 * time.Millisecond

// burn uses so many thousandths of one CPU for a time, on all CPUs alike, in
// slices.
func burn(wall time.Duration, permille int) {
	cpus := runtime.NumCPU()
	part := min(slice, slice*time.Duration(permille)/time.Duration(1000*cpus))
	end := time.Now().Add(wall)
	fmt.Println("burning", permille)
	done := make(chan struct{})
	for range cpus {
		go func() {
			for begin := time.Now(); begin.Before(end); begin = begin.Add(slice) {
				for time.Since(begin) < part {
				}
				time.Sleep(time.Until(begin.Add(slice)))
			}
			done <- struct{}{}
		}()
	}
	for range cpus {
		<-done
	}
}
