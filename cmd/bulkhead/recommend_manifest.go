package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// recommended begins the comments that recommend writes above a tenant, which
// it does not take over from what it wrote before; neededBy those at its keys.
const (
	recommended = "# recommended:"
	neededBy    = " needed by "
)

// manifest is a Tenant as its operator wrote it, with comments, for editing.
type manifest struct {
	document yaml.MapSlice
	comments yaml.CommentMap
}

func parseManifest(text string) (*manifest, error) {
	m := &manifest{comments: yaml.CommentMap{}}
	if err := yaml.UnmarshalWithOptions([]byte(text), &m.document, yaml.UseOrderedMap(), yaml.CommentToMap(m.comments)); err != nil {
		return nil, err
	}
	for path, comments := range m.comments {
		for _, c := range comments {
			c.Texts = slices.DeleteFunc(c.Texts, func(t string) bool {
				return strings.HasPrefix("#"+t, recommended) || strings.HasPrefix(t, neededBy)
			})
		}
		m.comments[path] = slices.DeleteFunc(comments, func(c *yaml.Comment) bool { return len(c.Texts) == 0 })
	}
	return m, nil
}

func (m *manifest) text() (string, error) {
	out, err := yaml.MarshalWithOptions(m.document, yaml.WithComment(m.comments), yaml.IndentSequence(false))
	return string(out), err
}

// value is what a key of the spec has: "security.level".
func (m *manifest) value(key string) any {
	var at any = m.document
	for _, name := range strings.Split("spec."+key, ".") {
		in, _ := at.(yaml.MapSlice)
		i := slices.IndexFunc(in, func(item yaml.MapItem) bool { return item.Key == name })
		if i < 0 {
			return nil
		}
		at = in[i].Value
	}
	return at
}

func (m *manifest) has(key, value string) bool { return m.value(key) == any(value) }

// set gives a key of the spec a value; nil removes it, and what is left empty.
func (m *manifest) set(key string, value any) {
	m.document = assign(m.document, strings.Split("spec."+key, "."), value)
}

func assign(in yaml.MapSlice, path []string, value any) yaml.MapSlice {
	i := slices.IndexFunc(in, func(item yaml.MapItem) bool { return item.Key == path[0] })
	if len(path) > 1 {
		var below yaml.MapSlice
		if i >= 0 {
			below, _ = in[i].Value.(yaml.MapSlice)
		}
		if below = assign(below, path[1:], value); len(below) > 0 || path[0] == "spec" {
			value = below
		} else {
			value = nil
		}
	}
	switch {
	case value == nil && i < 0:
		return in
	case value == nil:
		return slices.Delete(slices.Clone(in), i, i+1)
	case i < 0:
		return append(slices.Clip(in), yaml.MapItem{Key: path[0], Value: value})
	}
	in = slices.Clone(in)
	in[i].Value = value
	return in
}

// remove takes a value from a key: of a list, that entry.
func (m *manifest) remove(key string, value any) {
	list, isList := m.value(key).([]any)
	if !isList {
		if same(m.value(key), value) {
			m.set(key, nil)
		}
		return
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return same(v, value) })
	if len(kept) == len(list) {
		return
	}
	m.forget(key) // entries have other places now
	if len(kept) == 0 {
		m.set(key, nil)
		return
	}
	m.set(key, kept)
}

// add grants a value: of a list, one more entry. It reports whether that is new.
func (m *manifest) add(key string, value any) bool {
	list, _ := m.value(key).([]any)
	if _, one := value.([]any); !one && list == nil {
		if same(m.value(key), value) {
			return false
		}
		m.set(key, value)
		return true
	}
	changed := false
	for _, v := range value.([]any) {
		if !slices.ContainsFunc(list, func(w any) bool { return same(v, w) }) {
			list, changed = append(slices.Clip(list), v), true
		}
	}
	if changed {
		m.set(key, list)
	}
	return changed
}

// forget drops the comments at a list's entries.
func (m *manifest) forget(key string) {
	for path := range m.comments {
		if strings.HasPrefix(path, "$.spec."+key+"[") {
			delete(m.comments, path)
		}
	}
}

// say writes a comment at a key, or at an entry of its list.
func (m *manifest) say(key string, entry any, text string) {
	path := "$.spec." + key
	if list, ok := m.value(key).([]any); ok {
		path += fmt.Sprintf("[%d]", slices.IndexFunc(list, func(v any) bool { return same(v, entry) }))
	}
	m.comments[path] = append(m.comments[path], yaml.HeadComment(text))
}

// clone is a manifest to try something with.
func (m *manifest) clone() *manifest {
	comments := yaml.CommentMap{}
	for path, c := range m.comments {
		comments[path] = slices.Clone(c)
	}
	return &manifest{document: m.document, comments: comments}
}

// same compares values as YAML writes them.
func same(a, b any) bool { return written(a) == written(b) }

func written(v any) string {
	out, err := yaml.MarshalWithOptions(v, yaml.Flow(true))
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(string(out))
}
