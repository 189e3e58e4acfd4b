package compile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Edited is a change of the node's policy.
type Edited struct {
	Before, After []*Object
	Compiled      *Compiled
	From          string // version before, empty when there was none
	To            string // version after
	Changed       bool

	content files // of To
}

// Change turns the objects in force into those that shall be.
type Change func(current []*Object) ([]*Object, error)

// Edit changes the objects in force, compiles all of them and puts the result
// in force if it fits what runs (nil: it does). No other writer comes between.
func Edit(root tenant.Root, e Entry, change Change, fits func(*Edited) error) (*Edited, error) {
	s, err := lock(root)
	if err != nil {
		return nil, err
	}
	defer s.unlock()
	edited, err := Plan(root, change)
	if err != nil {
		return nil, err
	}
	if fits != nil {
		if err := fits(edited); err != nil {
			return nil, err
		}
	}
	edited.To, edited.Changed, err = s.write(edited.content, e)
	return edited, err
}

// Plan is Edit without its effect.
func Plan(root tenant.Root, change Change) (*Edited, error) {
	edited := new(Edited)
	open, err := tenant.Open(root)
	switch {
	case err == nil:
		edited.From = open.Version
		if edited.Before, err = LoadVersion(open); err != nil {
			return nil, err
		}
	case !errors.Is(err, tenant.ErrNoPolicy):
		return nil, err
	}
	if edited.After, err = change(edited.Before); err != nil {
		return nil, err
	}
	if edited.Compiled, err = Compile(edited.After); err != nil {
		return nil, err
	}
	edited.Compiled.GrantCDI(edited.After, CDIFolders(root))
	if edited.content, err = render(edited.Compiled, edited.After); err != nil {
		return nil, err
	}
	edited.To = edited.content.version()
	edited.Changed = edited.To != edited.From
	return edited, nil
}

// Rollback puts an earlier version in force again: the one whose name begins
// with prefix, or, when it is empty, the one before the current.
func Rollback(root tenant.Root, prefix string, e Entry) (version string, changed bool, err error) {
	s, err := lock(root)
	if err != nil {
		return "", false, err
	}
	defer s.unlock()
	if prefix == "" {
		version, err = s.before()
	} else {
		version, err = FindVersion(root, prefix)
	}
	if err != nil {
		return "", false, err
	}
	changed, err = s.enforce(version, e)
	return version, changed, err
}

// before is the version that was in force before the current one.
func (s *store) before() (string, error) {
	current, err := s.current()
	if err != nil {
		return "", err
	}
	entries, err := History(s.root)
	if err != nil {
		return "", err
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Version != current {
			return FindVersion(s.root, entries[i].Version)
		}
	}
	return "", ErrNothingBefore
}

// FindVersion returns the only version whose name begins with prefix.
func FindVersion(root tenant.Root, prefix string) (string, error) {
	all, err := Versions(root)
	if err != nil {
		return "", err
	}
	found := ""
	for _, v := range all {
		if !strings.HasPrefix(v, prefix) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("version %s is ambiguous; write more of it", prefix)
		}
		found = v
	}
	if found == "" {
		return "", fmt.Errorf("version %s: %w", prefix, ErrNoVersion)
	}
	return found, nil
}
