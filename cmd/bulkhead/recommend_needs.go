package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
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
