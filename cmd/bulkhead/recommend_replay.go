package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// following are isolators that follow what a tenant may have, also where the
// container has nothing of it: they tell nothing of who needs it.
var following = []string{"seccomp", "userlimits"}

// outcome is what a tenant makes of each running container of its own.
type outcome map[string]runtime.Replayed

// replay decides them by a tenant that is not in force.
func (r *recommendation) replay(m *manifest) (outcome, error) {
	text, err := m.text()
	if err != nil {
		return nil, err
	}
	objects, err := compile.Read("tenant/"+r.name+" (recommended)", []byte(text))
	if err != nil {
		return nil, err
	}
	e, err := compile.Plan(here(), merge(objects, false))
	if err != nil {
		return nil, fmt.Errorf("what ran needs more than the tenant can be given: %w", err)
	}
	root, end, err := e.Stage()
	if err != nil {
		return nil, err
	}
	all, err := runtime.New(here(), runtime.Execute).Replay(r.ctx, root)
	if err := errors.Join(err, end()); err != nil {
		return nil, err
	}
	out := outcome{}
	for _, c := range all {
		if c.Tenant == r.name {
			c.Changes = slices.DeleteFunc(c.Changes, func(change spec.Change) bool { return slices.Contains(following, change.Isolator) })
			out[plain(namespaceOf(c.Scope)+"/"+c.Container)] = c
		}
	}
	return out, nil
}

// grow adds what is denied until nothing is, or nothing can be added.
func (r *recommendation) grow() error {
	for {
		out, err := r.replay(r.tenant)
		if err != nil {
			return err
		}
		r.running = len(out)
		more := false
		var rest []string
		for _, who := range slices.Sorted(maps.Keys(out)) {
			c := out[who]
			if c.Refused != "" {
				rest = append(rest, who+": "+c.Refused)
			}
			for _, d := range c.Denials {
				if r.want(d, who, false) {
					more = true
				} else {
					rest = append(rest, who+": "+d.Error())
				}
			}
		}
		if !more {
			r.beyond = append(r.beyond, rest...)
			return nil
		}
	}
}

// differ names the containers that get something else than before.
func (r *recommendation) differ(before outcome, by *manifest) (who []string, after outcome, err error) {
	if after, err = r.replay(by); err != nil {
		return nil, nil, err
	}
	for name, c := range before {
		a, err := json.Marshal(c)
		if err != nil {
			return nil, nil, err
		}
		b, err := json.Marshal(after[name])
		if err != nil {
			return nil, nil, err
		}
		if !bytes.Equal(a, b) {
			who = append(who, name)
		}
	}
	return who, after, nil
}
