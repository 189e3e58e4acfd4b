package cgroup

import (
	"errors"
	"maps"
	"time"
)

// squeezePatience bounds how long the kernel may reclaim for a lower limit, and
// squeezeStep how often its success is looked at.
const (
	squeezePatience = 10 * time.Second
	squeezeStep     = 50 * time.Millisecond
)

// Squeeze makes room below a lower memory limit without killing anything, before
// Apply: on cgroup v2 memory.high, above which the kernel reclaims and slows
// allocations down, comes first, and the limit itself only once the tenant is
// below it. Cgroup v1 reclaims when the limit is written, and refuses what it
// cannot make true. What is still above the limit in the end is a *TooLow, with
// memory.high as it was.
//
// Preconditions: the locks of the tenant and of those above it are held.
func (t *Tree) Squeeze(of *Tenant) error {
	place, err := t.Place(of.Policy)
	if err != nil {
		return err
	}
	m, err := open(place)
	if err != nil || !exists(m) {
		return err
	}
	from, to, err := t.fromTo(m, of)
	memory := "memory.max"
	if !v2() {
		memory = memoryV1
	}
	if err != nil || !lowered(from.number(memory), to.number(memory)) {
		return err
	}
	if !v2() {
		lower := maps.Clone(from)
		lower[memory] = to[memory]
		return t.write(place, m, from, lower)
	}
	high := values{"memory.high": to[memory]}
	if err := t.write(place, m, from, high); err != nil {
		return err
	}
	for wait := time.Duration(0); ; wait += squeezeStep {
		u, err := use(m)
		if err == nil && u.memory <= to.number(memory) {
			return nil // Apply sets the limit, and frees memory.high
		}
		if err != nil || wait >= squeezePatience {
			return errors.Join(err, tooLow(of.Name, m, from, to), t.write(place, m, high, values{"memory.high": from["memory.high"]}))
		}
		time.Sleep(squeezeStep)
	}
}
