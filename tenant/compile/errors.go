package compile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in what the operator wrote, or one warning about it.
type Error struct {
	File string
	Line int
	Key  string // as the operator writes it: "spec.limits.cpu"; empty: the document
	What string // what is wrong, then what to do: "is 0; want 1 to 10000"
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Key, e.What)
}

// Errors are all mistakes of one input, in its order.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// inOrder sorts mistakes as the objects and their lines come.
func (es Errors) inOrder(objects []*Object) Errors {
	order := map[string]int{}
	for i, o := range objects {
		if _, ok := order[o.File]; !ok {
			order[o.File] = i
		}
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return es
}

// orNil is the errors as an error, nil when there are none.
func (es Errors) orNil() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

var (
	// ErrNoVersion says that a version of the policy is not in the store.
	ErrNoVersion = errors.New("no such version; see: bulkhead history")
	// ErrNothingBefore says that there is nothing to roll back to.
	ErrNothingBefore = errors.New("no version before the current one; see: bulkhead history")
)
