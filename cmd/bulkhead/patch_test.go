package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// TestPatchMakesTheAcceptedConfig applies what preview prints as RFC 6902 says,
// and compares with what the shim would write.
func TestPatchMakesTheAcceptedConfig(t *testing.T) {
	limit := int64(1 << 30)
	policy := &tenant.Policy{
		Name: "acme", Enforcement: tenant.Enforce, Weight: 100, Delegate: "runc",
		Limits:   tenant.Limits{MemoryBytes: &limit, Pids: 100},
		Security: tenant.Security{Level: tenant.Restricted, OnExcess: tenant.Refuse},
	}
	facts := isolator.Facts{
		Engine: isolator.Containerd, Namespace: "acme", ContainerID: "web", Bundle: "/b",
		Node: isolator.NodeFacts{Cgroup: "v1", Controllers: []string{"cpu", "memory", "pids"}, Architecture: "amd64", CPUs: 2,
			Capabilities: []string{"CAP_KILL", "CAP_NET_BIND_SERVICE"}},
		Delegate: isolator.Delegate{Path: "/usr/sbin/runc", StateRoot: "/run/containerd/runc", OCIVersionMax: "1.2.1"},
	}
	for name, config := range map[string]string{
		"nothing":  `{"ociVersion": "1.0.2"}`,
		"bare":     `{"ociVersion": "1.0.2", "process": {"args": ["sh"], "cwd": "/", "user": {"uid": 0, "gid": 0}}, "root": {"path": "/b/rootfs"}, "linux": {"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]}}`,
		"generous": `{"ociVersion": "1.0.2", "process": {"args": ["sh"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "noNewPrivileges": false, "capabilities": {"bounding": ["CAP_KILL", "CAP_NET_BIND_SERVICE"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "ambient": ["CAP_KILL"]}}, "root": {"path": "/b/rootfs"}, "annotations": {"a/b": "c~d"}, "linux": {"cgroupsPath": "/x", "resources": {"memory": {"limit": -1}, "pids": {"limit": 5000}, "unified": {"memory.max": "max"}}, "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			asked := &isolator.Request{Spec: new(specs.Spec)}
			if err := json.Unmarshal([]byte(config), asked.Spec); err != nil {
				t.Fatal(err)
			}
			final, result, err := spec.Rewrite(isolator.NewCase(policy, &tenant.Node{}, facts, asked))
			if err != nil {
				t.Fatal(err)
			}
			var shown bytes.Buffer
			if err := showPatch(&shown, []byte(config), result, nil); err != nil {
				t.Fatal(err)
			}
			got := new(specs.Spec)
			patched, err := patch(config, shown.Bytes())
			if err == nil {
				err = spec.Decode(patched, got)
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, shown.String())
			}
			if diff := cmp.Diff(canonical(t, final.Spec), canonical(t, got)); diff != "" {
				t.Errorf("want - got +:\n%s\n%s", diff, shown.String())
			}
		})
	}
}

// canonical is a spec as JSON, in which empty and absent are the same.
func canonical(t *testing.T, s *specs.Spec) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	data, err = json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// patch applies a patch of objects' members strictly: the parent of every
// target exists, and the target itself for replace and remove (RFC 6902, 4).
func patch(config string, shown []byte) ([]byte, error) {
	var out struct {
		Patch []struct {
			Op, Path string
			Value    any
		}
	}
	doc := map[string]any{}
	if err := json.Unmarshal([]byte(config), &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(shown, &out); err != nil {
		return nil, err
	}
	for _, op := range out.Patch {
		tokens := strings.Split(op.Path, "/")[1:]
		at := doc
		for _, token := range tokens[:len(tokens)-1] {
			below, ok := at[unescape(token)].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s has no object %s", op.Path, token)
			}
			at = below
		}
		key := unescape(tokens[len(tokens)-1])
		if _, there := at[key]; there == (op.Op == "add") {
			return nil, fmt.Errorf("%s %s: target there: %v", op.Op, op.Path, there)
		}
		if op.Op == "remove" {
			delete(at, key)
		} else {
			at[key] = op.Value
		}
	}
	return json.Marshal(doc)
}
