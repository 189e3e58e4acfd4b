package programs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// folders makes empty programs by their paths below a folder.
func folders(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range programs {
		path := filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(p), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The name must come before the stock shim's, wherever the engine finds that.
func TestTakeoverIsAheadOfTheStockShim(t *testing.T) {
	for _, c := range []struct{ name, stock, to, path, engine, want string }{
		{"beside the programs", "b/" + StockShim, "a", "a:b", "x/containerd", "a/" + StockShim},
		{"the programs are with the stock shim", "b/" + StockShim, "b", "a:b", "x/containerd", "a/" + StockShim},
		{"found beside the engine", "x/" + StockShim, "b", "a:b", "x/containerd", "b/" + StockShim},
		{"nothing is ahead", "a/" + StockShim, "a", "a:b", "x/containerd", "no folder of the engine's path comes before the stock shim's"},
		{"there is no stock shim", "c/" + StockShim, "a", "a:b", "x/containerd", "found no " + StockShim},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folders(t, c.stock)
			var path []string
			for _, p := range filepath.SplitList(c.path) {
				path = append(path, filepath.Join(dir, p))
			}
			place := Place{To: filepath.Join(dir, c.to), Path: strings.Join(path, ":"), Engine: filepath.Join(dir, c.engine)}
			got, err := place.stockName()
			if err != nil {
				got = err.Error()
			}
			if got = strings.TrimPrefix(got, dir+"/"); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestProgramsOfAPackageStay(t *testing.T) {
	dir := folders(t, "bin/"+Shim, "bin/"+Operator)
	l, err := change.Open(dir + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	place := Place{From: dir + "/bin", Path: dir + "/bin", Engine: "/usr/bin/containerd"}
	if files, err := place.Files(l); err != nil || len(files) != 0 {
		t.Errorf("got %v, %v, want nothing to copy", files, err)
	}
	if err := place.OnPath(); err != nil {
		t.Error(err)
	}
	place.Path = "/usr/bin"
	if err := place.OnPath(); err == nil || !strings.Contains(err.Error(), "/usr/local/bin is not on the engine's path /usr/bin") {
		t.Errorf("with another path: %v", err)
	}
	place.Builds = true
	if _, err := place.Files(l); err == nil || !strings.Contains(err.Error(), "must be in one folder") {
		t.Errorf("without the runtime for builders: %v", err)
	}
}
