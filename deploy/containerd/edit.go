package containerd

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// handler is what the configuration shall say.
type handler struct {
	byName bool // it is the default runtime
	// keep are runtimes that the engine has only as long as no file names any.
	keep table
}

// Type is the handler's runtime type, by which every containerd finds the shim
// on its PATH. Behind runc's type and a runtime_path containerd 1.6 was seen to
// start the stock shim. No options: the shim tells the cgroup driver by a
// container's path, and containerd 2.1 refuses users of its own beside them.
const Type = "io.containerd.bulkhead.v2"

const mark = "# Written by `bulkhead install containerd`; `bulkhead uninstall containerd` removes it.\n"

// block is the handler as tables of the CRI plugin's section. With preset also
// the name of the default runtime is among them.
func (h handler) block(section string, preset bool) string {
	var b strings.Builder
	b.WriteString(mark)
	prefix := fmt.Sprintf("plugins.%q.containerd", section)
	if preset {
		fmt.Fprintf(&b, "[%s]\n  default_runtime_name = %q\n", prefix, Handler)
	}
	fmt.Fprintf(&b, "[%s.runtimes.%s]\n  runtime_type = %q\n", prefix, Handler, Type)
	for _, name := range sortedKeys(h.keep) {
		b.WriteString("# containerd 1 has this runtime only as long as no file names any.\n")
		writeTable(&b, prefix+".runtimes."+key(name), h.keep[name].(table))
	}
	return b.String()
}

// writeTable writes what is not empty of a table, and its tables after it.
func writeTable(b *strings.Builder, name string, t table) {
	fmt.Fprintf(b, "[%s]\n", name)
	var inner []string
	for _, k := range sortedKeys(t) {
		if _, ok := t[k].(table); ok {
			inner = append(inner, k)
		} else if value, err := toml.Marshal(table{k: t[k]}); err == nil {
			b.WriteString("  " + string(value))
		}
	}
	for _, k := range inner {
		writeTable(b, name+"."+key(k), t[k].(table))
	}
}

// insert adds the handler to a document, and returns the text and the edits
// that made it.
func (h handler) insert(path string, d *document) ([]byte, []change.Edit, error) {
	text := string(d.text)
	var edits []change.Edit
	preset := h.byName
	if h.byName {
		e, at, err := h.nameDefault(d)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		if e.New != "" {
			text, preset = text[:at]+e.New+text[at+len(e.Old):], false
			if e.New != e.Old {
				edits = append(edits, e)
			}
		}
	}
	added := h.block(d.section(), preset)
	switch {
	case text != "" && !strings.HasSuffix(text, "\n"):
		added = "\n\n" + added
	case text != "":
		added = "\n" + added
	}
	text += added
	edits = append(edits, change.Edit{New: added})
	return []byte(text), edits, h.check(path, d, []byte(text))
}

// nameDefault is the edit that names the default runtime in a table that is
// there, and where; no edit if no such table is.
func (h handler) nameDefault(d *document) (change.Edit, int, error) {
	places, err := d.places()
	if err != nil {
		return change.Edit{}, 0, err
	}
	parent := []string{"plugins", d.section(), "containerd"}
	name := append(slices.Clone(parent), "default_runtime_name")
	line := fmt.Sprintf("default_runtime_name = %q", Handler)
	for _, p := range places {
		if !p.header && slices.Equal(p.key, name) {
			old := string(d.text[p.start:p.end])
			left, _, _ := strings.Cut(old, "=")
			return change.Edit{Old: old, New: left + strings.TrimPrefix(line, "default_runtime_name ")}, p.start, nil
		}
	}
	for _, p := range places {
		if p.header && slices.Equal(p.key, parent) {
			old := string(d.text[p.start:p.end])
			return change.Edit{Old: old, New: old + "\n  " + line}, p.start, nil
		}
	}
	return change.Edit{}, 0, nil
}

// check reads the new text and wants nothing in it to differ but the handler.
func (h handler) check(path string, old *document, text []byte) error {
	byHand := fmt.Errorf("%s is written in a way that install cannot extend; add this yourself:\n%s", path, h.block(old.section(), h.byName))
	now, err := parse(path, text)
	if err != nil {
		return errors.Join(byHand, err)
	}
	before, err := parse(path, old.text)
	if err != nil {
		return err
	}
	for _, d := range []*document{before, now} {
		strip(d.values, old.section(), h.byName)
		for name := range h.keep {
			delete(at(d.values, "plugins", old.section(), "containerd", "runtimes"), name)
		}
	}
	if !reflect.DeepEqual(prune(before.values), prune(now.values)) {
		return byHand
	}
	return nil
}

// strip takes Bulkhead's own keys out of a configuration.
func strip(values table, section string, byName bool) {
	t := at(values, "plugins", section, "containerd")
	delete(at(t, "runtimes"), Handler)
	if byName {
		delete(t, "default_runtime_name")
	}
}

// prune takes out what is empty, zero or false: as good as absent.
func prune(v any) any {
	switch v := v.(type) {
	case table:
		out := table{}
		for k, each := range v {
			if each = prune(each); each != nil {
				out[k] = each
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
	case string, bool, int64, float64:
		if reflect.ValueOf(v).IsZero() {
			return nil
		}
	}
	return v
}
