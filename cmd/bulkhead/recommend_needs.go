package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// exceptionKeys begin the keys of exceptions.
const exceptionKeys = "security.exceptions."

// exceptions are the keys of what a tenant has above its level.
var exceptions = []string{"capabilities", "runAsRoot", "hostNamespaces", "hostPaths", "devices", "cdiDevices", "sysctls"}

// granted is the key of a tenant that a denial says would allow it, with its
// value, a list for an exception but runAsRoot; false where that is none, or one
// of the node's. Much of a denial is a container's own words.
func granted(d *isolator.Denial) (key string, value any, ok bool) {
	key, text, written := strings.Cut(d.Allow, ": ")
	exception, isException := strings.CutPrefix(key, exceptionKeys)
	switch {
	case !written, isException && !slices.Contains(exceptions, exception):
		return "", nil, false
	case !isException && !slices.Contains([]string{"security.level", "security.userNamespace", "priority"}, key):
		return "", nil, false
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &value, yaml.UseOrderedMap()); err != nil {
		return "", nil, false
	}
	_, isList := value.([]any)
	return key, value, isList == (isException && exception != "runAsRoot")
}

// want grants what a denial needs, and reports whether that is new.
func (r *recommendation) want(d *isolator.Denial, who string, fromLog bool) bool {
	key, value, ok := granted(d)
	if !ok {
		return false
	}
	for _, v := range entriesOf(value) {
		if fromLog {
			r.logged[key+" "+entryName(v)+" "+who] = true
		}
	}
	switch key {
	case exceptionKeys + "hostPaths":
		value = r.notListed(value.([]any))
	case exceptionKeys + "devices": // one that is listed was denied for want of permissions
		for _, v := range value.([]any) {
			for _, listed := range entriesOf(r.tenant.value(key)) {
				if entryName(listed) == entryName(v) && !same(listed, v) {
					r.tenant.remove(key, listed)
				}
			}
		}
	}
	if !r.tenant.add(key, value) {
		return false
	}
	if !strings.HasPrefix(key, exceptionKeys) {
		r.changed[key] = append(r.changed[key], who)
	}
	return true
}

// notListed are the host paths that are no entry yet, read-only or not: what
// asks for more than to read is narrowed by such an entry and never refused.
func (r *recommendation) notListed(paths []any) []any {
	listed := entriesOf(r.tenant.value(exceptionKeys + "hostPaths"))
	return slices.DeleteFunc(slices.Clone(paths), func(p any) bool {
		return slices.ContainsFunc(listed, func(l any) bool { return entryName(l) == entryName(p) })
	})
}

// entryName tells the entries of a list apart: by their path, if they have one.
func entryName(entry any) string {
	m, _ := entry.(yaml.MapSlice)
	if path, ok := m.ToMap()["path"].(string); ok {
		return path
	}
	return written(entry)
}

// neededInLog are the containers of the log that need an entry.
func (r *recommendation) neededInLog(key string, value any) (who []string) {
	for entry := range r.logged {
		if name, ok := strings.CutPrefix(entry, key+" "+entryName(value)+" "); ok {
			who = append(who, name)
		}
	}
	return who
}

// fromLog adds what passed only because nothing was enforced. Starts of what
// runs are decided again instead.
func (r *recommendation) fromLog(root tenant.Root) error {
	running, err := r.replay(r.tenant)
	if err != nil {
		return err
	}
	log, err := auditLog(root)
	if err != nil {
		return err
	}
	f, err := os.Open(root.Path(log.Path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return backwards(f, func(line []byte) bool {
		e := new(record.Entry)
		if json.Unmarshal(line, e) != nil {
			return true
		}
		if e.Time.Before(r.since) {
			return false
		}
		if e.Tenant != r.name || e.Decision != record.Audited {
			return true
		}
		r.decisions++
		who := plain(namespaceOf(e.Scope) + "/" + e.Container)
		if _, runs := running[who]; runs && e.Operation == "create" {
			return true
		}
		for _, d := range e.Denials {
			if _, _, ok := granted(d); !ok {
				r.beyond = append(r.beyond, who+": "+d.Error())
			}
			r.want(d, who, true)
		}
		return true
	})
}

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

// shrink leaves out every exception without which each container gets the same,
// narrows those that it may, and says at each who needs it.
func (r *recommendation) shrink() error {
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

// few is at most some names.
func few(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
