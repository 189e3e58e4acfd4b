package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// What a terminal is told (ECMA-48, and xterm's private modes).
const (
	enterScreen = "\033[?1049h\033[?25l\033[?7l" // another screen, without cursor, cutting long lines
	leaveScreen = "\033[?7h\033[?25h\033[?1049l" // the one before, as it was
	home        = "\033[H"
	restOfLine  = "\033[K"
	restBelow   = "\033[J"
)

const (
	controlC = 3
	escape   = 27
)

// sortKeys are keys that choose an order.
var sortKeys = map[byte]string{'c': "cpu", 'm': "memory", 'p': "pids", 'i': "io", 'n': "name"}

// live keeps the table in place until it is told to leave. The terminal is then
// as it was before, whatever the reason.
func (t *top) live(ctx context.Context, out *os.File) error {
	if uses, err := t.read(); uses == nil && err != nil {
		return err
	}
	keys, restore := readKeys()
	defer restore()
	fmt.Fprint(out, enterScreen)
	defer fmt.Fprint(out, leaveScreen)
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)

	tick := time.NewTimer(firstRate)
	defer tick.Stop()
	var uses []*use
	var failure error
	for {
		t.draw(out, uses, failure)
		select {
		case <-ctx.Done():
			return nil
		case <-resized:
		case key, open := <-keys:
			switch {
			case !open:
				keys = nil // no more keys; the table goes on
			case key == 'q' || key == controlC || key == escape:
				return nil
			case sortKeys[key] != "":
				t.sort = sortKeys[key]
			}
		case <-tick.C:
			tick.Reset(t.interval)
			if uses, failure = t.read(); uses == nil && failure != nil {
				return failure
			}
		}
	}
}

// readKeys takes keys as they are typed, where the input is a terminal.
func readKeys() (<-chan byte, func()) {
	in := int(os.Stdin.Fd())
	before, err := term.MakeRaw(in)
	if err != nil {
		return nil, func() {} // no terminal: Ctrl-C comes as a signal
	}
	keys := make(chan byte)
	go func() {
		defer close(keys)
		var b [1]byte
		for {
			if n, err := os.Stdin.Read(b[:]); n == 0 || err != nil {
				return
			}
			keys <- b[0]
		}
	}()
	return keys, func() { _ = term.Restore(in, before) } // there is nobody left to tell
}

// draw writes the whole table in one piece, over the one before.
func (t *top) draw(out *os.File, uses []*use, failure error) {
	width, height, err := term.GetSize(int(out.Fd()))
	if err != nil {
		width, height = 0, 0
	}
	l := layout{wide: t.output == "wide", colour: os.Getenv("NO_COLOR") == "", width: width}
	lines := l.lines(sorted(uses, t.sort))
	switch {
	case uses == nil:
		lines = []string{"reading"}
	case len(uses) == 0:
		lines = []string{listers["tenant"].empty}
	}
	if failure != nil {
		lines = append(lines, "", strings.ReplaceAll(failure.Error(), "\n", "; "))
	}
	if height > 0 && len(lines) > height {
		more := fmt.Sprintf("and %d more", len(lines)-height+1)
		lines = append(lines[:height-1], more)
	}
	fmt.Fprint(out, home+strings.Join(lines, restOfLine+"\r\n")+restOfLine+restBelow)
}
