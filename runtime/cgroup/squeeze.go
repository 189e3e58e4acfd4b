package cgroup

import (
	"cmp"
	"errors"
	"maps"
	"strconv"
	"time"

	"github.com/opencontainers/cgroups"
	specs "github.com/opencontainers/runtime-spec/specs-go"
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
		if err := t.write(place, m, from, lower); err != nil {
			return cmp.Or(tooLow(of.Name, m, from, to), err)
		}
		return nil
	}
	low := func() error { return tooLow(of.Name, m, from, to) }
	return t.squeezeTo(place, m, to.number(memory), from["memory.high"], low)
}

// squeezeTo sets memory.high and waits until no more is in use. It stays set when
// that succeeds: who sets the limit then frees it.
func (t *Tree) squeezeTo(place string, m cgroups.Manager, limit int64, before string, low func() error) error {
	high := values{"memory.high": strconv.FormatInt(limit, 10)}
	if err := t.write(place, m, nil, high); err != nil {
		return err
	}
	for wait := time.Duration(0); ; wait += squeezeStep {
		u, err := use(m)
		if err == nil && u.memory <= limit {
			return nil
		}
		if err != nil || wait >= squeezePatience {
			return errors.Join(err, low(), t.write(place, m, nil, values{"memory.high": before}))
		}
		time.Sleep(squeezeStep)
	}
}

// ContainerFits reports, as a *TooLow, a lower memory limit for a container than
// what it uses: the kernel would kill in it. With squeeze it makes room first.
func (t *Tree) ContainerFits(name, id, path string, from, to *specs.LinuxResources, squeeze bool) error {
	limit, _ := memoryOf(to.Memory)
	had := int64(0)
	if from != nil {
		had, _ = memoryOf(from.Memory)
	}
	if limit <= 0 || had > 0 && limit >= had {
		return nil
	}
	m, err := open(path)
	if err != nil || !m.Exists() {
		return err
	}
	low := func() error {
		u, err := use(m)
		if err != nil || u.memory <= limit {
			return err
		}
		return &TooLow{Tenant: name, Container: id, Key: "container.max.memory", Limit: Quantity(limit), InUse: atLeast(u.memory)}
	}
	if err := low(); err == nil || !squeeze || !v2() {
		return err
	}
	// Through the files also below systemd: it is for seconds.
	if err := t.squeezeTo("/", m, limit, none, low); err != nil {
		return err
	}
	return t.write("/", m, nil, values{"memory.high": none})
}
