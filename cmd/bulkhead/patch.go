package main

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// inSpec begins the pointers of a request that lead into its config.json.
const inSpec = "/spec"

// operation is one of RFC 6902. What else it has, a reader of patches ignores.
type operation struct {
	Op       string `json:"op"`
	Path     string `json:"path"`
	Value    any    `json:"value,omitempty"`
	Before   any    `json:"before,omitempty"`
	Isolator string `json:"isolator,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

type denialJSON struct {
	*isolator.Denial
	Sentence string `json:"sentence"`
}

type noteJSON struct {
	Path string `json:"path"`
	What string `json:"what"`
}

// showPatch prints the patch that makes the accepted config.json of the one
// that was asked for, what changes beside it, and the denials.
func showPatch(w io.Writer, config []byte, r spec.Result, ignored []runtime.Note) error {
	out := struct {
		Patch   []operation   `json:"patch"`
		Request []spec.Change `json:"request,omitempty"` // not in config.json: options, stdio
		Denials []denialJSON  `json:"denials"`
		Notes   []noteJSON    `json:"notes,omitempty"` // what the delegate does not do
	}{Patch: []operation{}, Denials: []denialJSON{}}
	doc := map[string]any{}
	if err := json.Unmarshal(config, &doc); err != nil {
		return err
	}
	for _, c := range r.Changes {
		path, ok := strings.CutPrefix(c.Path, inSpec)
		if !ok {
			out.Request = append(out.Request, c)
			continue
		}
		op := operation{c.Op, path, c.Value, c.Before, c.Isolator, c.Reason}
		out.Patch = append(out.Patch, operations(doc, op)...)
	}
	for _, d := range r.Denials {
		out.Denials = append(out.Denials, denialJSON{d, d.Error()})
	}
	for _, n := range ignored {
		out.Notes = append(out.Notes, noteJSON{n.Key, n.What})
	}
	return printJSON(w, out)
}

// operations makes a change valid for a document, and applies it. A change
// compares Go values, in which a missing object and a missing false are there.
func operations(doc map[string]any, op operation) []operation {
	var ops []operation
	tokens := strings.Split(op.Path[1:], "/")
	at, path := doc, ""
	for _, token := range tokens[:len(tokens)-1] {
		path += "/" + token
		key := unescape(token)
		if _, ok := at[key]; !ok {
			if op.Op == "remove" {
				return nil
			}
			at[key] = map[string]any{}
			ops = append(ops, operation{Op: "add", Path: path, Value: map[string]any{}, Isolator: op.Isolator, Reason: op.Reason})
		}
		below, ok := at[key].(map[string]any)
		if !ok {
			return append(ops, op)
		}
		at = below
	}
	key := unescape(tokens[len(tokens)-1])
	_, there := at[key]
	switch {
	case op.Op == "remove" && !there:
		return ops
	case op.Op == "remove":
		delete(at, key)
		return append(ops, op)
	case there:
		op.Op = "replace"
	default:
		op.Op = "add"
	}
	at[key] = op.Value
	return append(ops, op)
}

// unescape reads a token of a JSON pointer (RFC 6901, section 4).
func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
