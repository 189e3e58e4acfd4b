package node

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Output is what a process wrote so far.
type Output struct {
	mu   sync.Mutex
	data bytes.Buffer  // guarded by mu
	more chan struct{} // closed and replaced at each write; guarded by mu
}

func newOutput() *Output { return &Output{more: make(chan struct{})} }

// Write appends.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.data.Write(b)
}

func (o *Output) String() string {
	text, _ := o.now()
	return text
}

func (o *Output) now() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String(), o.more
}

// Line waits for a whole line that begins with a word, and returns its rest.
func (o *Output) Line(ctx context.Context, word string) (string, error) {
	for {
		text, more := o.now()
		for line := range strings.Lines(text) {
			rest, found := strings.CutPrefix(line, word)
			if found && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(rest), nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return "", fmt.Errorf("no line %q in %q: %w", word, text, ctx.Err())
		}
	}
}

// Number waits for a line of a word and a number, as the prober prints it.
func (o *Output) Number(ctx context.Context, word string) (int, error) {
	rest, err := o.Line(ctx, word+" ")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(rest)
}
