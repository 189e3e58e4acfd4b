package runtime

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Note says of a key of a tenant what does not follow from reading it.
type Note struct{ Tenant, Key, What string }

// Notes says what of a tenant's policy this node does not enforce, or only in
// part, and what of its change will hold for new containers only. before is the
// policy that was in force, nil if there was none.
func (rt *Runtime) Notes(node *tenant.Node, tenants map[string]*tenant.Policy, name string, before *tenant.Policy) ([]Note, error) {
	p := tenants[name]
	of, err := rt.cgroupTenant(policyMap(tenants), node, p)
	if err != nil {
		return nil, err
	}
	var notes []Note
	for _, n := range rt.tree.Unenforced(of) {
		notes = append(notes, Note{name, n.Key, n.What})
	}
	running, err := rt.running()
	if err != nil || len(running[name]) == 0 {
		return notes, err
	}
	note, err := rt.moved(p)
	if err != nil {
		return nil, err
	}
	notes = append(notes, note...)
	if before == nil {
		return notes, nil
	}
	for _, key := range onlyNew(before, p) {
		notes = append(notes, Note{name, key, fmt.Sprintf("holds for new containers; %d run with what they were started with", len(running[name]))})
	}
	return notes, nil
}

// moved reports a tenant whose parent is another now, while its cgroup is where
// it was made.
func (rt *Runtime) moved(p *tenant.Policy) ([]Note, error) {
	place, err := rt.tree.Place(p)
	if err != nil {
		return nil, err
	}
	there := rt.tree.Names(place)
	if slices.Equal(there, append(slices.Clone(p.Ancestors), p.Name)) {
		return nil, nil
	}
	under := "no tenant"
	if above := there[:len(there)-1]; len(above) > 0 {
		under = strings.Join(above, "/")
	}
	return []Note{{p.Name, "parent", fmt.Sprintf("what is inherited holds at once, but its cgroup stays below that of %s until its last container has gone", under)}}, nil
}

// onlyNew are the keys that changed and that no running container can follow.
func onlyNew(before, after *tenant.Policy) []string {
	var keys []string
	for _, k := range []struct {
		key  string
		part func(*tenant.Policy) any
	}{
		{"enforcement", func(p *tenant.Policy) any { return p.Enforcement }},
		{"security", func(p *tenant.Policy) any { return p.Security }},
		{"container.rlimits", func(p *tenant.Policy) any { return p.Container.Rlimits }},
		{"network.namespace", func(p *tenant.Policy) any { return p.Network.Namespace }},
		{"delegate", func(p *tenant.Policy) any { return p.Delegate }},
		{"priority (the OOM score of processes)", func(p *tenant.Policy) any { return p.Priority == tenant.Idle }},
	} {
		if !same(k.part(before), k.part(after)) {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// same compares as the store does: absent and empty are the same.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && reflect.DeepEqual(x, y)
}
