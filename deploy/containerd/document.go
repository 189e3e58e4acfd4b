// Package containerd writes Bulkhead's runtime handler into containerd's
// configuration, versions 2 to 4: into a drop-in where one merges, else into the
// file itself, whose order and comments stay.
package containerd

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Handler is the name of the runtime handler.
const Handler = "bulkhead"

// The CRI plugin's section, which containerd 2 renamed in version 3.
const (
	sectionOld = "io.containerd.grpc.v1.cri"
	sectionNew = "io.containerd.cri.v1.runtime"
)

// document is a configuration file.
type document struct {
	text    []byte
	values  table
	version int
}

// table is a TOML table as it was parsed.
type table = map[string]any

func parse(path string, text []byte) (*document, error) {
	d := &document{text: text, values: table{}}
	if err := toml.Unmarshal(text, &d.values); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	version, _ := d.values["version"].(int64)
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("%s is of version %d, want 2, 3 or 4; run: containerd config migrate", path, max(version, 1))
	}
	d.version = int(version)
	return d, nil
}

// section is the name of the CRI plugin's in this version.
func (d *document) section() string {
	if d.version == 2 {
		return sectionOld
	}
	return sectionNew
}

// dropIns is a folder whose *.toml the file imports, empty if there is none.
func (d *document) dropIns(path string) string {
	imports, _ := d.values["imports"].([]any)
	for _, each := range imports {
		pattern, _ := each.(string)
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(path), pattern)
		}
		if dir, last := filepath.Split(pattern); last == "*.toml" && !strings.Contains(dir, "*") {
			return filepath.Clean(dir)
		}
	}
	return ""
}

// at is a table of the document, nil if it is not there.
func at(t table, keys ...string) table {
	for _, k := range keys {
		t, _ = t[k].(table)
	}
	return t
}

// place is where an expression of the text is.
type place struct {
	key        []string // from the document's root
	start, end int
	header     bool // the line of a table's header, else a key and its value
}

// places walks the expressions of the text.
func (d *document) places() ([]place, error) {
	var all []place
	var in []string
	p := unstable.Parser{}
	p.Reset(d.text)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable && e.Kind != unstable.KeyValue {
			continue
		}
		var key []string
		last := unstable.Range{}
		for k := e.Key(); k.Next(); {
			key, last = append(key, string(k.Node().Data)), k.Node().Raw
		}
		if e.Kind == unstable.KeyValue {
			start := int(e.Raw.Offset)
			all = append(all, place{key: append(append([]string{}, in...), key...), start: start, end: start + int(e.Raw.Length)})
			continue
		}
		in = key
		end := int(last.Offset + last.Length)
		if line := strings.IndexByte(string(d.text[end:]), '\n'); line >= 0 {
			end += line
		} else {
			end = len(d.text)
		}
		start := strings.LastIndexByte(string(d.text[:last.Offset]), '\n') + 1
		all = append(all, place{key: key, start: start, end: end, header: true})
	}
	return all, p.Error()
}
