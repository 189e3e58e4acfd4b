package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// ask sends small requests over one TCP connection, one after the other, and
// prints the microseconds until the answers: the median, and of the slowest
// hundredth, and the median once more in nanoseconds. "answer" is the other end; it takes connections until its patience
// ends.
func ask(args []string) {
	const usage = "usage: probe answer ADDRESS MILLISECONDS | ask ADDRESS COUNT"
	if len(args) != 3 {
		fail(usage)
	}
	number, err := strconv.Atoi(args[2])
	if err != nil || number <= 0 {
		fail(usage)
	}
	if args[0] == "answer" {
		answer(args[1], min(time.Duration(number)*time.Millisecond, patience))
		return
	}
	c, err := net.DialTimeout("tcp", args[1], patience)
	if err != nil {
		fail(err.Error())
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	message := make([]byte, 64)
	var took []time.Duration
	for range min(number, 100_000) {
		begin := time.Now()
		if _, err := c.Write(message); err != nil {
			fail(err.Error())
		}
		if _, err := c.Read(message); err != nil {
			fail(err.Error())
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	fmt.Println("median", took[len(took)/2].Microseconds())
	fmt.Println("p99", took[len(took)*99/100].Microseconds())
	fmt.Println("nanoseconds", took[len(took)/2].Nanoseconds())
}

func answer(address string, wall time.Duration) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		fail(err.Error())
	}
	end := time.Now().Add(wall)
	_ = l.(*net.TCPListener).SetDeadline(end)
	fmt.Println("listening", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = c.SetDeadline(end)
		go func() {
			message := make([]byte, 64)
			for {
				n, err := c.Read(message)
				if err != nil {
					_ = c.Close()
					return
				}
				if _, err := c.Write(message[:n]); err != nil {
					return
				}
			}
		}()
	}
}
