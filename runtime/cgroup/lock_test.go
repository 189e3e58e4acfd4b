package cgroup

import (
	"sync"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Two policies may name one tenant above the other, each the other way round.
func TestLocksAreTakenInOneOrder(t *testing.T) {
	tree := New(tenant.Root(t.TempDir()), nil)
	var both sync.WaitGroup
	held := 0 // guarded by either lock
	for _, names := range [][]string{{"parent", "child"}, {"child", "parent"}, {"child", "parent", "child"}} {
		both.Go(func() {
			for range 200 {
				if err := tree.Locked(names, func() error { held++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	if held != 600 {
		t.Errorf("%d of 600: two held the locks at once", held)
	}
}
