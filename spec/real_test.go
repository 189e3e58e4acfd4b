package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/internal/fixture"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// What engines really ask for, recorded by integration/record, is judged here:
// nothing ordinary is refused, and what is narrowed is known.

// recorded is one request as it was kept.
type recorded struct {
	name string // "<engine>/<scenario>"

	About   string            `json:"about"`
	Seccomp string            `json:"seccomp"`
	Facts   json.RawMessage   `json:"facts"`
	Request *isolator.Request `json:"request"`

	facts isolator.Facts
}

// everyRecorded reads all recordings.
func everyRecorded(t *testing.T) []*recorded {
	t.Helper()
	files, err := filepath.Glob("testdata/real/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []*recorded
	for _, file := range files {
		if engine := filepath.Base(filepath.Dir(file)); engine != "seccomp" {
			all = append(all, readRecorded(t, engine, file))
		}
	}
	return all
}

func readRecorded(t *testing.T, engine, file string) *recorded {
	t.Helper()
	r := &recorded{name: engine + "/" + strings.TrimSuffix(filepath.Base(file), ".json"), facts: fixture.Facts()}
	readStrictly(t, file, r)
	if err := spec.Decode(r.Facts, &r.facts); err != nil {
		t.Fatalf("%s: facts: %v", r.name, err)
	}
	if r.Seccomp != "" {
		r.Request.Spec.Linux.Seccomp = new(specs.LinuxSeccomp)
		readStrictly(t, filepath.Join("testdata/real/seccomp", r.Seccomp), r.Request.Spec.Linux.Seccomp)
	}
	return r
}

func readStrictly(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = spec.Decode(data, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// smallest is the tenant of the README, with more of its security if it is not
// empty.
func smallest(t *testing.T, security string) (*tenant.Policy, *tenant.Node) {
	t.Helper()
	text := fmt.Sprintf(`apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  selectors: {kubernetesNamespaces: [acme-prod]}
  limits: {cpu: "4", memory: 8Gi}
  security: {%s}
`, security)
	objects, err := compile.Read("tenant.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile.Compile(objects)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return c.Tenants["acme"], c.Node
}

// judge decides a recording for a tenant.
func (r *recorded) judge(t *testing.T, security string) spec.Result {
	t.Helper()
	policy, node := smallest(t, security)
	_, res, err := spec.Rewrite(isolator.NewCase(policy, node, r.facts, r.Request))
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return res
}

func TestRealRequestsAreAccepted(t *testing.T) {
	t.Parallel()
	all := everyRecorded(t)
	accepted, refused, found := 0, 0, map[string]int{}
	expected := map[string]bool{}
	for _, r := range all {
		found[r.facts.Namespace]++
		denials := r.judge(t, "").Denials
		want, ok := refusals[r.name]
		expected[r.name] = true
		switch {
		case !ok && len(denials) > 0:
			t.Errorf("%s (%s) is refused:\n%v", r.name, r.About, denials)
		case ok && len(denials) == 0:
			t.Errorf("%s (%s) is not refused, though it wants %s", r.name, r.About, want.wants)
		case !ok:
			accepted++
		default:
			refused++
			if want.allow == "" {
				continue
			}
			if denials := r.judge(t, want.allow).Denials; len(denials) > 0 {
				t.Errorf("%s is refused with security: {%s}:\n%v", r.name, want.allow, denials)
			}
		}
	}
	if accepted < 100 {
		t.Errorf("%d accepted: want at least 100", accepted)
	}
	for name := range refusals {
		if !expected[name] {
			t.Errorf("%s is expected to be refused, but not recorded", name)
		}
	}
	t.Logf("%d real requests (Docker %d, pods %d, containerd %d): %d accepted, %d refused as expected",
		len(all), found["moby"], found["k8s.io"], found["default"], accepted, refused)
}

// The laws that made requests keep hold for real ones too.
func TestRealRequestsKeepTheLaws(t *testing.T) {
	t.Parallel()
	for _, r := range everyRecorded(t) {
		policy, node := smallest(t, "")
		once, res, err := spec.Rewrite(isolator.NewCase(policy, node, r.facts, r.Request))
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		if len(res.Denials) > 0 {
			continue
		}
		for _, i := range isolator.All() {
			if !i.Leq(once, r.Request) {
				t.Errorf("%s: %s gives more than was asked for", r.name, i.Name)
			}
		}
		twice, res, err := spec.Rewrite(isolator.NewCase(policy, node, r.facts, once))
		if err != nil || len(res.Denials) > 0 {
			t.Errorf("%s: what was made of it is refused: %v %v", r.name, res.Denials, err)
		} else if !bytes.Equal(encoded(t, once), encoded(t, twice)) {
			t.Errorf("%s: what was made of it is changed again: %s", r.name, inJSON(res.Changes))
		}
	}
}

// A restricted tenant refuses more; how much of what is usual is shown, and
// that what asks for no more than it may passes.
func TestRealRequestsOfARestrictedTenant(t *testing.T) {
	t.Parallel()
	accepted := 0
	all := everyRecorded(t)
	for _, r := range all {
		denials := r.judge(t, "level: restricted").Denials
		if len(denials) == 0 {
			accepted++
		} else if strings.Contains(r.name, "/restricted") || strings.HasPrefix(r.name, "cri/eck.") {
			t.Errorf("%s is refused:\n%v", r.name, denials)
		}
	}
	t.Logf("a restricted tenant accepts %d of %d real requests", accepted, len(all))
}
