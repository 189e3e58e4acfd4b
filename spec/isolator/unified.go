package isolator

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
unified: files of the container's cgroup v2, by name.

Owns     linux.resources.unified
Rule     A file that limits memory, tasks, CPU time or huge pages is narrowed to
         the same ceiling as the field of its own, and so are limits of block
         devices where a container carries the tenant's. An idle tenant has no
         memory protected. Weights stay. Any other file, and any other form of a
         value than the kernel itself prints, is refused.
Because  The files are written last and so replace every limit of the spec, line
         by line, whatever they do (attack row 13).
Escape   the keys of the ceilings; for other files none.
*/

var _ = register(Isolator{
	Name:    "unified",
	Owns:    []string{"/spec/linux/resources/unified"},
	Reason:  "the ceiling that the field of its own has",
	Leq:     unifiedLeq,
	Rewrite: func(c *Case, r *Request) error { return narrowUnified(c, r.resources()) },
	Update:  narrowUnified,
	Holds:   unifiedHolds,
})

func narrowUnified(c *Case, res *specs.LinuxResources) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(res.Unified)) {
		got, denial := narrowFile(c, key, res.Unified[key])
		if denial != nil {
			errs = append(errs, denial)
			continue
		}
		res.Unified[key] = got
		if got == "" {
			delete(res.Unified, key)
		}
	}
	return errors.Join(errs...)
}

// narrowFile returns the value to write, empty to leave the kernel's own.
func narrowFile(c *Case, key, value string) (string, error) {
	denied := func(got, want string) error {
		return &Denial{"unified", fmt.Sprintf("linux.resources.unified[%q]", key), got, want, Nothing}
	}
	f, ok := cgroupFileOf(key)
	if !ok {
		return "", denied("set", "a file that only limits, weighs or protects the container")
	}
	got, ok := f.narrow(c, key, value)
	if !ok {
		return "", denied(fmt.Sprintf("%q", value), f.form)
	}
	return got, nil
}

func unifiedHolds(c *Case, r *Request) error {
	files := resourcesOf(r).Unified
	for _, key := range slices.Sorted(maps.Keys(files)) {
		got, denial := narrowFile(c, key, files[key])
		if denial != nil {
			return denial
		}
		if got != files[key] {
			return &Denial{"unified", fmt.Sprintf("linux.resources.unified[%q]", key), files[key], got, Nothing}
		}
	}
	return nil
}

// unifiedLeq compares the files that are a limit or a grant as numbers, where
// both have the kernel's form. Others compare only when equal.
func unifiedLeq(a, b *Request) bool {
	x, y := resourcesOf(a).Unified, resourcesOf(b).Unified
	for _, key := range slices.Sorted(maps.Keys(x)) {
		if _, ok := y[key]; !ok && !fileLeq(key, x, y) {
			return false
		}
	}
	for _, key := range slices.Sorted(maps.Keys(y)) {
		if !fileLeq(key, x, y) {
			return false
		}
	}
	return true
}

func fileLeq(key string, x, y map[string]string) bool {
	f, _ := cgroupFileOf(key)
	p, inX := x[key]
	q, inY := y[key]
	if inX == inY && p == q {
		return true
	}
	if f.absent == "" {
		return false
	}
	if !inX {
		p = f.absent
	}
	if !inY {
		q = f.absent
	}
	return f.leq(p, q)
}
