package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// The shim is in memory once for every container or pod, though the kernel keeps
// its program only once. With an owner for every field of a request, walls
// around the network and what bounds it, it may be at most 3 MiB larger than
// the stock shim of the newest engine, built with the same flags.
func TestShimIsHardlyLargerThanTheStockShim(t *testing.T) {
	const most = 3 << 20
	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	ours := size(filepath.Join(repo, "bin/containerd-shim-bulkhead-v2"))
	for _, n := range nodes {
		if !n.Engine.Modern() {
			continue // built with another compiler and other flags
		}
		stock := size(n.Engine.StockShim)
		t.Logf("stock %d bytes, Bulkhead %d: %d KiB more", stock, ours, (ours-stock)>>10)
		if ours-stock > most {
			t.Errorf("the shim is %d KiB larger than the stock one, want at most %d", (ours-stock)>>10, most>>10)
		}
	}
}
