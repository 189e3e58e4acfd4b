package runtime

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// program writes an executable that answers as a delegate would and counts how
// often it is asked.
func program(t testing.TB, path, answers string) (asked func() int) {
	t.Helper()
	log := path + ".asked"
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" >> %s\ncase \"$1\" in\n%s\nesac\nexit 1\n", log, answers)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return func() int {
		data, _ := os.ReadFile(log)
		return strings.Count(string(data), "\n")
	}
}

func TestDelegateIsAskedOnceForAsLongAsItIsTheSameFile(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	path := filepath.Join(t.TempDir(), "runc")
	asked := program(t, path, strings.Replace(modernRunc, "1.3.0", "1.2.1", 1))
	node := &tenant.Node{Delegates: map[string]string{"runc": path}}
	for range 3 {
		d, err := rt.Delegate(context.Background(), node, "runc")
		if err != nil || d.Version != "1.2.1" || d.Features == nil {
			t.Fatalf("delegate %+v, %v", d, err)
		}
	}
	if asked() != 1 {
		t.Errorf("asked %d times, want once", asked())
	}
	again := program(t, path, modernRunc)
	d, err := rt.Delegate(context.Background(), node, "runc")
	if err != nil || d.Version != "1.3.0" || again() != 2 {
		t.Errorf("a replaced file: %+v, %v, asked %d times", d, err, again())
	}
}

func TestDelegateWithoutFeaturesIsKnownByItsVersion(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	path := filepath.Join(t.TempDir(), "runc")
	program(t, path, `--version) printf 'runc version 1.0.3\nspec: 1.0.2-dev\ngo: go1.17\n'; exit 0;;`)
	d, err := rt.Delegate(context.Background(), &tenant.Node{Delegates: map[string]string{"runc": path}}, "runc")
	if err != nil || d.Version != "1.0.2-dev" || d.Features != nil {
		t.Errorf("delegate %+v, %v", d, err)
	}
}

func TestDelegateThatIsMissingOrBrokenRefuses(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	broken := filepath.Join(t.TempDir(), "runc")
	program(t, broken, "")
	for name, node := range map[string]*tenant.Node{
		"no such file":   {Delegates: map[string]string{"runc": "/nonexistent/runc"}},
		"answers naught": {Delegates: map[string]string{"runc": broken}},
	} {
		if d, err := rt.Delegate(context.Background(), node, "runc"); err == nil {
			t.Errorf("%s: got %+v", name, d)
		}
	}
	_, err := rt.Delegate(context.Background(), new(tenant.Node), "nosuchdelegate")
	if err == nil || !strings.Contains(err.Error(), "NodePolicy.delegates.nosuchdelegate") {
		t.Errorf("a delegate that is not installed: %v", err)
	}
}

func TestDelegateSeesNothingOfTheEnginesEnvironment(t *testing.T) {
	t.Setenv("RUN_OCI_SECCOMP_RECEIVER", "/tmp/evil")
	out, err := Execute(context.Background(), DelegateEnv, nil, "/usr/bin/env")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(out)), strings.Join(DelegateEnv, "\n"); got != want {
		t.Errorf("environment %q, want %q", got, want)
	}
}
