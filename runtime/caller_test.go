package runtime

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestEngineOfACommandLineIsToldByItsBundle(t *testing.T) {
	for _, test := range []struct {
		id, bundle string
		want       isolator.Engine
	}{
		{"n3w", "/var/lib/docker/buildkit/executor/n3w", isolator.BuildKit},
		{"n3w", "/var/lib/docker/buildkit/executor/other", isolator.Podman},
		{"buildah-buildah123", "/var/tmp/buildah123", isolator.Buildah},
		{"c1", "/var/tmp/buildah123", isolator.Podman},
		{"c1", "/var/lib/containers/storage/overlay-containers/c1/userdata", isolator.Podman},
	} {
		if got := CommandCaller("/run/runc", test.id, test.bundle).Engine; got != test.want {
			t.Errorf("%s in %s: %s, want %s", test.id, test.bundle, got, test.want)
		}
	}
}

func TestIdsAreUniqueInAStateFolder(t *testing.T) {
	a, b := CommandCaller("/run/runc", "c1", "/b"), CommandCaller("/run/crun", "c1", "/b")
	if same := CommandCaller("/run/runc/", "c1", "/b"); same != a || a.Scope() == b.Scope() {
		t.Errorf("scopes %s, %s and %s", a.Scope(), same.Scope(), b.Scope())
	}
	rt := New(tenant.Root(t.TempDir()), Execute)
	if rt.StateFolder(a) == rt.StateFolder(b) {
		t.Errorf("both have their states in %s", rt.StateFolder(a))
	}
}

func TestRecordSaysWhoRanTheCommandLine(t *testing.T) {
	asked := CommandCaller("/run/runc", "n3w", "/var/lib/docker/buildkit/executor/n3w")
	asked.Pinned = "acme"
	r := &record.Record{Scope: asked.Scope(), ID: asked.ID, Bundle: asked.Bundle, Pinned: asked.Pinned, Engine: string(asked.Engine)}
	if got := callerOf(r); got != asked {
		t.Errorf("got %+v, want %+v", got, asked)
	}
}
