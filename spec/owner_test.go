package spec_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// An isolator that changed what another owns would make the result depend on
// the order, and a change without its owner's reason.
func TestOnlyOwnedPathsChange(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		c := g.create()
		for _, i := range g.isolators() {
			r, _, err := spec.RewriteWith(c, []isolator.Isolator{i})
			if err != nil {
				t.Fatalf("%s: %v", i.Name, err)
			}
			onlyOwned(t, "create", i, c.Asked, r)
		}
		c, process := g.exec(t)
		for _, i := range g.isolators() {
			if i.Exec == nil {
				continue
			}
			p, _, err := spec.RewriteExecWith(c, process, []isolator.Isolator{i})
			if err != nil {
				t.Fatalf("%s: %v", i.Name, err)
			}
			onlyOwned(t, "exec", i, ofProcess(process), ofProcess(p))
		}
		c, update := g.update(t)
		asked := merged(t, c, update)
		for _, i := range g.isolators() {
			if i.Update == nil {
				continue
			}
			res, _, err := spec.RewriteUpdateWith(c, update, []isolator.Isolator{i})
			if err != nil {
				t.Fatalf("%s: %v", i.Name, err)
			}
			onlyOwned(t, "update", i, ofResources(asked), ofResources(res))
		}
	})
}

func onlyOwned(t *testing.T, what string, i isolator.Isolator, before, after *isolator.Request) {
	t.Helper()
	a, b := foreign(t, before, i), foreign(t, after, i)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %s changed what it does not own:\n before %s\n after  %s", what, i.Name, inJSON(a), inJSON(b))
	}
}

// foreign is a request without what an isolator owns and without what is empty.
func foreign(t *testing.T, r *isolator.Request, i isolator.Isolator) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(encoded(t, r), &v); err != nil {
		t.Fatal(err)
	}
	for _, p := range i.Owns {
		cut(v, strings.Split(p, "/")[1:], spec.PrefixesOf(isolator.All())[p])
	}
	return pruned(v)
}

// cut removes what is at a pointer; a last token may end in '*'. It leaves the
// keys of a map that others own by these prefixes.
func cut(v any, tokens, others []string) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	if len(tokens) > 1 {
		cut(m[tokens[0]], tokens[1:], others)
		return
	}
	prefix, wild := strings.CutSuffix(tokens[0], "*")
	for k := range m {
		if k == tokens[0] || wild && strings.HasPrefix(k, prefix) {
			others := keysWith(m[k], others)
			if delete(m, k); len(others) > 0 {
				m[k] = others
			}
		}
	}
}

// keysWith is the part of a map with the keys that have one of the prefixes.
func keysWith(v any, prefixes []string) map[string]any {
	kept := map[string]any{}
	m, _ := v.(map[string]any)
	for _, prefix := range prefixes {
		for k, e := range m {
			if strings.HasPrefix(k, prefix) {
				kept[k] = e
			}
		}
	}
	return kept
}

// pruned drops what is the same as absent, nil if nothing is left.
func pruned(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil || reflect.ValueOf(v).IsZero() {
			return nil
		}
		return v
	}
	kept := map[string]any{}
	for k, e := range m {
		if e = pruned(e); e != nil {
			kept[k] = e
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

func ofProcess(p *specs.Process) *isolator.Request {
	return &isolator.Request{Spec: &specs.Spec{Process: p}}
}

func ofResources(r *specs.LinuxResources) *isolator.Request {
	return &isolator.Request{Spec: &specs.Spec{Linux: &specs.Linux{Resources: r}}}
}
