package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress tells how far something is that takes more than two seconds: on a
// terminal in one line that is written again, elsewhere in a line every ten.
func progress(w io.Writer, what string) func(done, all int) {
	began, told := time.Now(), time.Time{}
	file, _ := w.(*os.File)
	live := file != nil && term.IsTerminal(int(file.Fd()))
	step := 10 * time.Second
	if live {
		step = 100 * time.Millisecond
	}
	return func(done, all int) {
		now := time.Now()
		if now.Sub(began) < 2*time.Second || now.Sub(told) < step && done < all {
			return
		}
		told = now
		switch {
		case live && done < all:
			fmt.Fprintf(w, "\r%s: %d of %d\033[K", what, done, all)
		case live:
			fmt.Fprint(w, "\r\033[K")
		default:
			fmt.Fprintf(w, "%s: %d of %d\n", what, done, all)
		}
	}
}
