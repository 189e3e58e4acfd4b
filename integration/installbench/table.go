package main

import (
	"fmt"
	"io"
	"time"
)

// A result is that of one engine.
type result struct {
	engine   string
	steps    []step // the last one is the container that is refused
	all      time.Duration
	sentence string
	edited   int // files of the engine's, by hand
}

type step struct {
	shown string
	took  time.Duration
}

func printTable(w io.Writer, results []result) {
	fmt.Fprintln(w, "From an engine without Bulkhead to a container that is refused. The programs are")
	fmt.Fprintln(w, "built with Go's cache as it is; engines are restarted as systemd would. Edited by")
	fmt.Fprintln(w, "hand is what of the engine's files differs from before after bulkhead uninstall.")
	for _, r := range results {
		fmt.Fprintf(w, "\n%s: %d commands, %.1f s, %d hand-edited files\n", r.engine, len(r.steps)-1, r.all.Seconds(), r.edited)
		for _, s := range r.steps {
			fmt.Fprintf(w, "  %6.1f s  %s\n", s.took.Seconds(), s.shown)
		}
		fmt.Fprintf(w, "            %s\n", r.sentence)
	}
}
