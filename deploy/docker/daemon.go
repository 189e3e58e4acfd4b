// Package docker writes Bulkhead's runtimes into Docker's daemon.json, whose
// other keys, their order and layout stay.
package docker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// Runtime is the name of the runtime without a tenant of its own.
const Runtime = "bulkhead"

// runtime is an entry of daemon.json's "runtimes" (Docker 24 and later).
type runtime struct {
	RuntimeType string   `json:"runtimeType"`
	Options     *options `json:"options,omitempty"`
}

// options are those of containerd's runtimeoptions.v1.
type options struct {
	TypeURL    string `json:"TypeUrl"`
	ConfigPath string `json:"ConfigPath"`
}

// edit adds runtimes to a daemon.json, and returns the text and the edit that
// made it. byDefault names the default runtime, empty: leave it.
func edit(text []byte, names []string, runtimes map[string]runtime, byDefault string) ([]byte, []change.Edit, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}\n")
	}
	v, err := hujson.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	root, ok := v.Value.(*hujson.Object)
	if !ok || !v.IsStandard() {
		return nil, nil, errors.New("is no JSON object")
	}
	list := member(root, "runtimes")
	if list == nil {
		list = add(root, "runtimes", "{}", "\n  ")
	}
	inner, ok := list.Value.Value.(*hujson.Object)
	if !ok {
		return nil, nil, errors.New(`"runtimes" is no object`)
	}
	for _, name := range names {
		if member(inner, name) != nil {
			return nil, nil, fmt.Errorf("has another runtime %q; remove it first", name)
		}
		value, err := json.Marshal(runtimes[name])
		if err != nil {
			return nil, nil, err
		}
		add(inner, name, string(value), "\n    ")
	}
	if byDefault != "" {
		quoted := hujson.String(byDefault)
		if m := member(root, "default-runtime"); m != nil {
			m.Value.Value = quoted
		} else {
			add(root, "default-runtime", string(quoted), "\n  ")
		}
	}
	out := v.Pack()
	if !json.Valid(out) {
		return nil, nil, errors.New("is written in a way that install cannot extend")
	}
	return out, differences(string(text), string(out)), nil
}

func member(o *hujson.Object, name string) *hujson.ObjectMember {
	for i := range o.Members {
		if l, ok := o.Members[i].Name.Value.(hujson.Literal); ok && l.String() == name {
			return &o.Members[i]
		}
	}
	return nil
}

// add appends a member, laid out as the one before it.
func add(o *hujson.Object, name, value, indent string) *hujson.ObjectMember {
	m := hujson.ObjectMember{Name: hujson.Value{BeforeExtra: hujson.Extra(indent), Value: hujson.String(name)}}
	if n := len(o.Members); n > 0 {
		m.Name.BeforeExtra = o.Members[n-1].Name.BeforeExtra
	} else if len(o.AfterExtra) == 0 {
		o.AfterExtra = hujson.Extra(strings.TrimSuffix(indent, "  "))
	}
	parsed, err := hujson.Parse([]byte(value))
	if err != nil {
		panic(err) // of our own making
	}
	m.Value = hujson.Value{BeforeExtra: hujson.Extra(" "), Value: parsed.Value}
	o.Members = append(o.Members, m)
	return &o.Members[len(o.Members)-1]
}

// differences is the one edit between two texts, lengthened to whole lines so
// that it can be found again.
func differences(old, now string) []change.Edit {
	start := 0
	for start < min(len(old), len(now)) && old[start] == now[start] {
		start++
	}
	start = strings.LastIndexByte(old[:start], '\n') + 1
	end := 0
	for end < min(len(old), len(now))-start && old[len(old)-1-end] == now[len(now)-1-end] {
		end++
	}
	return []change.Edit{{Old: old[start : len(old)-end], New: now[start : len(now)-end]}}
}
