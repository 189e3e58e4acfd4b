// Probe is what tests and the demo run inside a container to find out how far
// it gets. It prints lines of "word number" for the test to read, and everything
// that it does is bounded in count and time, so that it is harmless where no
// limit holds it.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// patience bounds how long a probe holds what it got.
const patience = 60 * time.Second

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "try":
			try(os.Args[2:])
			return
		case "together":
			together(os.Args[2:])
			return
		case "serve":
			serve(os.Args[2:])
			return
		case "send", "receive":
			stream(os.Args[1:])
			return
		case "ask", "answer":
			ask(os.Args[1:])
			return
		}
	}
	if len(os.Args) < 3 {
		fail("usage: probe fork COUNT | memory MEBIBYTES | grow MEBIBYTES | huge PAGES | spin MILLISECONDS | busy MILLISECONDS | burn MILLISECONDS PERMILLE | write MEBIBYTES direct|buffered FILE | send … | receive … | ask … | answer … | serve [HOST:]PORT... | try TECHNIQUE... | together TECHNIQUE...")
	}
	amount, err := strconv.Atoi(os.Args[2])
	if err != nil || amount < 0 {
		fail("probe: an amount is a number: " + os.Args[2])
	}
	switch os.Args[1] {
	case "fork":
		fork(min(amount, 1000))
	case "memory":
		memory(min(amount, 1024))
	case "grow":
		grow(min(amount, 1024))
	case "spin":
		spin(min(time.Duration(amount)*time.Millisecond, patience))
	case "busy":
		busy(min(time.Duration(amount)*time.Millisecond, 3*patience), 4)
	case "burn":
		if len(os.Args) != 4 {
			fail("usage: probe burn MILLISECONDS PERMILLE")
		}
		permille, err := strconv.Atoi(os.Args[3])
		if err != nil || permille < 0 {
			fail("probe: a part is a number: " + os.Args[3])
		}
		burn(min(time.Duration(amount)*time.Millisecond, patience), permille)
	case "huge":
		huge(min(amount, 64))
	case "write":
		if len(os.Args) != 5 {
			fail("usage: probe write MEBIBYTES direct|buffered FILE")
		}
		write(min(amount, 128), os.Args[4], os.Args[3] == "direct")
	default:
		fail("probe: what is " + os.Args[1])
	}
}

// hold keeps what was got until the test has seen it: until standard input
// ends, or the patience does.
func hold() {
	ended := make(chan struct{})
	go func() {
		var b [1]byte
		for {
			if n, err := os.Stdin.Read(b[:]); n == 0 || err != nil {
				close(ended)
				return
			}
		}
	}()
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
