package spec

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a JSON document of an engine may cost is bounded before any of it is
// decoded: image and pod decide much of what is in it. Each bound is far above
// what engines write: the largest config.json seen has 60 KiB, and a pod's has
// 800 values, most of them names of system calls.
const (
	maxDocument = 1 << 20   // bytes
	maxDepth    = 32        // runtime-spec's own is 6
	maxValues   = 16 << 10  // of all lists and objects together
	maxMembers  = 4 << 10   // of one object; the same name twice counts twice
	maxString   = 256 << 10 // bytes as written; execve(2) takes 128 KiB
	maxQuoted   = 200       // bytes of an error
)

// bounded reports why a document would cost too much, in one pass that keeps
// nothing. It does not know whether the rest is JSON: who decodes it finds out.
func bounded(data []byte) error {
	if len(data) > maxDocument {
		return fmt.Errorf("it is larger than %d MiB", maxDocument>>20)
	}
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	var s scan
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := endOfString(data[i+1:])
			if n > maxString {
				return fmt.Errorf("a string in it is longer than %d KiB", maxString>>10)
			}
			i += n
		case '{', '[':
			if s.depth++; s.depth > maxDepth {
				return fmt.Errorf("it is deeper than %d levels", maxDepth)
			}
			s.open[s.depth-1] = level{object: data[i] == '{'}
			s.values++
		case '}', ']':
			s.depth = max(s.depth-1, 0)
		case ',':
			if err := s.another(); err != nil {
				return err
			}
		}
		if s.values > maxValues {
			return fmt.Errorf("it has more than %d values", maxValues)
		}
	}
	return nil
}

// scan is where a pass is: the lists and objects that are open.
type scan struct {
	depth, values int
	open          [maxDepth]level
}

type level struct {
	object  bool
	members int
}

// another counts a further value of what is open.
func (s *scan) another() error {
	s.values++
	if s.depth == 0 {
		return nil
	}
	l := &s.open[s.depth-1]
	if l.members++; l.object && l.members >= maxMembers {
		return fmt.Errorf("an object in it has more than %d members", maxMembers)
	}
	return nil
}

// endOfString returns how many bytes a string has after its first quote, with
// the last one; all that is left when it does not end.
func endOfString(data []byte) int {
	for n := 0; ; {
		i := bytes.IndexByte(data[n:], '"')
		if i < 0 {
			return len(data)
		}
		n += i + 1
		escapes := 0
		for j := n - 2; j >= 0 && data[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return n
		}
	}
}

// shortened is an error that quotes no more of a document than a person reads:
// the decoder's name a field or a number whole.
func shortened(err error) error {
	if text := err.Error(); len(text) > maxQuoted {
		return fmt.Errorf("%s…", strings.ToValidUTF8(text[:maxQuoted], ""))
	}
	return err
}
