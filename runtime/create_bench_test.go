package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// BenchmarkCreate is what Bulkhead itself adds to the creation of a container:
// from reading the bundle to handing it to the delegate, and what is recorded of
// the process afterwards, with the record, the audit line, the tenant's cgroup
// and the rewritten spec made for real. The first container of a tenant pays for
// the tenant's cgroup too, which is a folder in each hierarchy; the next finds
// it. Another tenant runs meanwhile. The spec is one that Docker 20.10 wrote.
// All is on tmpfs, as /run is on a node.
func BenchmarkCreate(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("needs root: makes cgroups")
	}
	for _, tenants := range []int{1, 10_000} {
		root, docker := tenant.Root(tmpfs(b)), tmpfs(b)
		applyTenants(b, root, docker, tenants)
		rt := New(root, Execute)
		caller := func(tenant int, id string) Caller {
			name := fmt.Sprintf("tenant-%d", tenant)
			return Caller{Namespace: name, ID: id, Bundle: dockerBundle(b, docker, name, id)}
		}
		neighbour, err := rt.Create(context.Background(), caller(tenants, "neighbour"), new(isolator.Request))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("tenants=%d/first", tenants), func(b *testing.B) { create(b, rt, func() Caller { return caller(tenants/2, "c1") }) })
		other, err := rt.Create(context.Background(), caller(tenants/2, "other"), new(isolator.Request))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("tenants=%d/next", tenants), func(b *testing.B) { create(b, rt, func() Caller { return caller(tenants/2, "c1") }) })
		if err := errors.Join(other.Undo(), neighbour.Undo()); err != nil {
			b.Fatal(err)
		}
	}
}

// create reports the median, and no mean of what the engine and a Delete do too.
func create(b *testing.B, rt *Runtime, caller func() Caller) {
	var times []time.Duration
	for b.Loop() {
		c := caller()
		begin := time.Now()
		a, err := rt.Create(context.Background(), c, new(isolator.Request))
		if err != nil {
			b.Fatal(err)
		}
		err = a.Started(context.Background(), os.Getpid())
		times = append(times, time.Since(begin))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(a.Undo(), os.RemoveAll(c.Bundle)); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms/create")
}

func tmpfs(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bulkhead-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// The container and the volume of the recorded spec, and Docker's folder there.
const (
	recordedID     = "a6b28ef3feec4253ad48c0e068e6c9c8e17c18a100f2b3f1be35c37d5b3bcea4"
	recordedVolume = "vol1"
	recordedDocker = "/var/lib/docker"
)

// dockerBundle makes what Docker makes for a container below its folder, with a
// volume of the tenant's. It leaves out the hook of Docker's network, which only
// a living dockerd can answer for.
func dockerBundle(b *testing.B, docker, volume, id string) string {
	b.Helper()
	data, err := os.ReadFile("testdata/docker-20.10.json")
	if err != nil {
		b.Fatal(err)
	}
	data = []byte(strings.NewReplacer(recordedDocker, docker, recordedVolume, volume, recordedID, id).Replace(string(data)))
	s, err := spec.Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	s.Hooks = nil
	for _, m := range s.Mounts {
		if m.Type != "bind" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(m.Source), 0o711); err != nil {
			b.Fatal(err)
		}
		var made error
		if filepath.Base(m.Source) == "_data" {
			made = os.MkdirAll(m.Source, 0o755)
		} else {
			made = os.WriteFile(m.Source, nil, 0o644)
		}
		if made != nil {
			b.Fatal(made)
		}
	}
	if data, err = json.Marshal(s); err != nil {
		b.Fatal(err)
	}
	dir := tmpfs(b)
	if err := os.WriteFile(filepath.Join(dir, spec.ConfigFile), data, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}

func applyTenants(b *testing.B, root tenant.Root, docker string, n int) {
	b.Helper()
	doc := strings.Builder{}
	fmt.Fprintf(&doc, `apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {audit: {record: All}, engineRoots: [%s]}
`, docker)
	for i := range n + 1 {
		fmt.Fprintf(&doc, `---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: tenant-%[1]d}
spec: {selectors: {containerdNamespaces: [tenant-%[1]d]}, limits: {cpu: "1", memory: 1Gi}}
`, i)
	}
	apply(b, root, doc.String())
}
