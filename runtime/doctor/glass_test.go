package doctor

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestBrokenGlassIsRed(t *testing.T) {
	n := host(t, nil)
	has(t, n, "glass", "OK whole for every tenant")
	if _, err := runtime.New(n.Root, runtime.Execute).BreakGlass("acme", time.Hour, "INC-7", "root"); err != nil {
		t.Fatal(err)
	}
	if got := says(t, n, "glass"); !strings.HasPrefix(got, "Failure broken for tenant acme until ") || !strings.HasSuffix(got, ": INC-7") {
		t.Errorf("got %s", got)
	}
	if err := os.Chmod(tenant.GlassFile(n.Root, "acme"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := says(t, n, "glass"); !strings.HasPrefix(got, "Warning ") || !strings.Contains(got, "counts as none: its mode is") {
		t.Errorf("made by hand: %s", got)
	}
}
