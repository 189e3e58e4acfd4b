package compile

import (
	"errors"
	"os"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Stage puts the policy in force below a root of its own, so that it can be
// asked as one that is in force; end takes that away.
func (e *Edited) Stage() (root tenant.Root, end func() error, err error) {
	dir, err := os.MkdirTemp("", "bulkhead-plan-")
	if err != nil {
		return "", nil, err
	}
	end = func() error { return os.RemoveAll(dir) }
	root = tenant.Root(dir)
	s, err := lock(root)
	if err == nil {
		_, _, err = s.write(e.content, Entry{})
		s.unlock()
	}
	if err != nil {
		return "", nil, errors.Join(err, end())
	}
	return root, end, nil
}
