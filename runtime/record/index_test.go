package record

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func idsOf(t *testing.T, root tenant.Root, name string, k Kind) (ids []string) {
	t.Helper()
	err := OfTenant(root, name, k, func(r *Record) bool {
		ids = append(ids, r.ID)
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestRecordsAreFoundByTenantAndKind(t *testing.T) {
	root := tenant.Root(t.TempDir())
	for _, r := range []*Record{
		{Scope: "containerd:acme", ID: "own", Tenant: "acme"},
		{Scope: "containerd:k8s.io", ID: "pod", Tenant: "acme", Engine: "cri"},
		{Scope: "containerd:k8s.io", ID: "ctr", Tenant: "acme", Engine: "containerd"}, // of a client in the kubelet's namespace
		{Scope: "containerd:globex", ID: "other", Tenant: "globex"},
		{Scope: "containerd:node", ID: "exempt", Exempt: true},
	} {
		if err := Create(root, r); err != nil {
			t.Fatal(err)
		}
	}
	if got := idsOf(t, root, "acme", Pod); len(got) != 1 || got[0] != "pod" {
		t.Errorf("pods of acme: %v", got)
	}
	if got := idsOf(t, root, "acme", Own); len(got) != 2 {
		t.Errorf("containers of acme: %v", got)
	}
	if got := idsOf(t, root, "nobody", Own); got != nil {
		t.Errorf("containers of nobody: %v", got)
	}
	for _, r := range [][2]string{{"containerd:acme", "own"}, {"containerd:k8s.io", "ctr"}, {"containerd:k8s.io", "pod"}, {"containerd:globex", "other"}, {"containerd:node", "exempt"}} {
		if err := Remove(root, r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(root.Tenants()); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// The folder of a tenant's links goes with its last record, also while another
// process makes the next.
func TestIndexOutlivesItsLastRecord(t *testing.T) {
	root := tenant.Root(t.TempDir())
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 500 {
				r := &Record{Scope: "containerd:acme", ID: fmt.Sprintf("c%d-%d", worker, i), Tenant: "acme"}
				if err := errors.Join(Create(root, r), Remove(root, r.Scope, r.ID)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
