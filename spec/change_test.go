package spec_test

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// A change is as small as can be said: below a struct or a map, a list whole.
func TestChanges(t *testing.T) {
	all := []isolator.Isolator{
		{Name: "first", Reason: "because", Owns: []string{"/spec/linux/resources", "/spec/annotations"}},
		{Name: "second", Owns: []string{"/spec/process/args", "/spec/linux/sysctl/net.*"}},
	}
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing": {`{"hostname": "a"}`, `{"hostname": "b"}`, `null`},
		"a number becomes another": {
			`{"linux": {"resources": {"pids": {"limit": 1}}}}`, `{"linux": {"resources": {"pids": {"limit": 0}}}}`,
			`[{"op":"replace","path":"/spec/linux/resources/pids/limit","value":0,"before":1,"isolator":"first","reason":"because"}]`,
		},
		"what was missing is added whole": {
			`{}`, `{"linux": {"resources": {"pids": {"limit": 5}}}}`,
			`[{"op":"add","path":"/spec/linux/resources","value":{"pids":{"limit":5}},"isolator":"first","reason":"because"}]`,
		},
		"no list and an empty one are the same": {`{"process": {"user": {}, "cwd": "", "args": []}}`, `{"process": {"user": {}, "cwd": ""}}`, `null`},
		"a list is one value": {
			`{"process": {"user": {}, "cwd": "", "args": ["a", "b"]}}`, `{"process": {"user": {}, "cwd": "", "args": ["a"]}}`,
			`[{"op":"replace","path":"/spec/process/args","value":["a"],"before":["a","b"],"isolator":"second","reason":""}]`,
		},
		"keys of a map, escaped as in a pointer": {
			`{"annotations": {"a/b~c": "1", "same": "x"}}`, `{"annotations": {"same": "x", "new": "2"}}`,
			`[{"op":"remove","path":"/spec/annotations/a~1b~0c","before":"1","isolator":"first","reason":"because"},` +
				`{"op":"add","path":"/spec/annotations/new","value":"2","isolator":"first","reason":"because"}]`,
		},
		"a key that looks like a prefix": {
			`{"annotations": {"a*": "1", "ab": "2"}}`, `{"annotations": {"ab": "2"}}`,
			`[{"op":"remove","path":"/spec/annotations/a*","before":"1","isolator":"first","reason":"because"}]`,
		},
		"only the keys that are owned": {
			`{"linux": {"sysctl": {"kernel.x": "1", "net.y": "1"}}}`, `{"linux": {"sysctl": {"kernel.x": "2", "net.y": "2"}}}`,
			`[{"op":"replace","path":"/spec/linux/sysctl/net.y","value":"2","before":"1","isolator":"second","reason":""}]`,
		},
		"the first of the keys that are owned": {
			`{"linux": {"sysctl": {"kernel.x": "1"}}}`, `{"linux": {"sysctl": {"kernel.x": "1", "net.y": "2"}}}`,
			`[{"op":"add","path":"/spec/linux/sysctl/net.y","value":"2","isolator":"second","reason":""}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := new(specs.Spec), new(specs.Spec)
			decodeAll(t, c.before, before)
			decodeAll(t, c.after, after)
			if got := inJSON(spec.Changes(&isolator.Request{Spec: before}, &isolator.Request{Spec: after}, all)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Who owns a map has the keys that nobody owns by their prefix.
func TestChangesOfTheOtherKeys(t *testing.T) {
	all := []isolator.Isolator{
		{Name: "rest", Owns: []string{"/spec/linux/sysctl"}},
		{Name: "some", Owns: []string{"/spec/linux/sysctl/net.*"}},
	}
	for name, c := range map[string]struct{ before, after, want string }{
		"of each its own": {
			`{"kernel.x": "1", "net.y": "1"}`, `{"kernel.x": "2", "net.y": "2"}`,
			`[{"op":"replace","path":"/spec/linux/sysctl/kernel.x","value":"2","before":"1","isolator":"rest","reason":""},` +
				`{"op":"replace","path":"/spec/linux/sysctl/net.y","value":"2","before":"1","isolator":"some","reason":""}]`,
		},
		"the last of one owner": {
			`{"kernel.x": "1", "net.y": "1"}`, `{"net.y": "1"}`,
			`[{"op":"remove","path":"/spec/linux/sysctl/kernel.x","before":"1","isolator":"rest","reason":""}]`,
		},
		"the first of all": {
			`{}`, `{"net.y": "1"}`,
			`[{"op":"add","path":"/spec/linux/sysctl/net.y","value":"1","isolator":"some","reason":""}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := new(specs.Spec), new(specs.Spec)
			decodeAll(t, `{"linux": {"sysctl": `+c.before+`}}`, before)
			decodeAll(t, `{"linux": {"sysctl": `+c.after+`}}`, after)
			if got := inJSON(spec.Changes(&isolator.Request{Spec: before}, &isolator.Request{Spec: after}, all)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
