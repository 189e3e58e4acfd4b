package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// shrink leaves out every exception without which each container gets the same,
// narrows those that it may, and says at each who needs it.
func (r *recommendation) shrink() error {
	if r.running+r.decisions == 0 {
		return nil // of nothing it does not follow that nothing is needed
	}
	whole, err := r.replay(r.tenant)
	if err != nil {
		return err
	}
	type kept struct {
		key   string
		value any
		who   []string
	}
	var all []kept
	for _, name := range exceptions {
		key := exceptionKeys + name
		for _, v := range entriesOf(r.tenant.value(key)) {
			without := r.tenant.clone()
			without.remove(key, v)
			who, _, err := r.differ(whole, without)
			if err != nil {
				return err
			}
			who = append(who, r.neededInLog(key, v)...)
			slices.Sort(who)
			if who = slices.Compact(who); len(who) == 0 {
				r.tenant = without
				r.leftOut = append(r.leftOut, key+": "+plain(written(v)))
				continue
			}
			if v, err = r.narrow(whole, key, v); err != nil {
				return err
			}
			all = append(all, kept{key, v, who})
		}
	}
	for key, who := range r.changed {
		r.tenant.say(key, nil, neededBy+few(who))
	}
	for _, k := range all { // the places of entries are settled now
		r.tenant.say(k.key, k.value, neededBy+few(k.who))
	}
	return nil
}

// entriesOf are a list's, or the value alone.
func entriesOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// narrow returns an entry that is new with less in it, if that is enough.
func (r *recommendation) narrow(whole outcome, key string, v any) (any, error) {
	entry, ok := v.(yaml.MapSlice)
	if !ok || slices.ContainsFunc(entriesOf(r.inForce.value(key)), func(w any) bool { return same(v, w) }) || len(r.neededInLog(key, v)) > 0 {
		return v, nil
	}
	less := yaml.MapItem{Key: "readOnly", Value: true}
	if strings.HasSuffix(key, "devices") {
		less = yaml.MapItem{Key: "permissions", Value: "r"}
	}
	smaller := append(slices.Clone(entry), less)
	tried := r.tenant.clone()
	list := slices.Clone(entriesOf(tried.value(key)))
	list[slices.IndexFunc(list, func(w any) bool { return same(v, w) })] = smaller
	tried.set(key, list)
	who, after, err := r.differ(whole, tried)
	if err != nil {
		return v, err
	}
	for _, name := range who {
		if less.Key != "readOnly" || !reads(after[name], entry) {
			return v, nil
		}
	}
	r.tenant = tried
	return smaller, nil
}

// reads reports whether a container asked for what is below a path of the host
// to be read only. Read-only with all that is mounted below it is then more
// than was asked, and nothing that it misses.
func reads(c runtime.Replayed, hostPath yaml.MapSlice) bool {
	for _, change := range c.Changes {
		asked, ok := change.Before.([]specs.Mount)
		if change.Path != "/spec/mounts" || !ok {
			continue
		}
		for _, m := range asked {
			path, _ := hostPath.ToMap()["path"].(string)
			below := m.Source == path || strings.HasPrefix(m.Source, path+"/")
			if below && !slices.Contains(m.Options, "ro") && !slices.Contains(m.Options, "rro") {
				return false
			}
		}
	}
	return len(c.Denials) == 0
}

// few is at most some names.
func few(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
