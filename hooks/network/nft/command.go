package nft

import (
	"fmt"
	"strings"
)

// A Command changes one thing. Adding what is there, and flushing, is success;
// deleting what is not there is not.
type Command interface {
	String() string
	encode() ([]message, error)
}

// Script is done in one transaction: all of it or nothing.
type Script []Command

// String is the input of `nft -f` that does the same.
func (s Script) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

// change is a command of one message.
type change struct {
	message
	what string // with verbs of fmt
	of   []any
}

func (c change) String() string { return fmt.Sprintf(c.what, c.of...) }

func (c change) encode() ([]message, error) { return []message{c.message}, nil }
