package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// accepted is a decision that a tenant may have what it asks for.
func accepted(t *testing.T, node *tenant.Node, p *tenant.Policy, sources ...string) *decision {
	t.Helper()
	s := bind(sources...)
	return &decision{node: node, policy: p, enforced: true, final: &isolator.Request{Spec: s}, facts: isolator.Facts{Files: filesOf(t, s, node, p)}}
}

func TestFirstTenantOwnsAVolume(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "volumes/v/_data/sub/", "volumes/w/_data/")
	node := &tenant.Node{EngineRoots: []string{dir}}
	data, other := dir+"/volumes/v/_data", dir+"/volumes/w/_data"
	first, second := accepted(t, node, granting("acme"), data+"/sub", data), accepted(t, node, granting("globex"), data)
	if err := first.claimVolumes(); err != nil {
		t.Fatal(err)
	}
	// Both were decided while it was nobody's.
	if err := second.claimVolumes(); !errors.Is(err, errStale) {
		t.Errorf("a second tenant's claim: %v, want errStale", err)
	}
	if err := accepted(t, node, granting("acme"), data, other).claimVolumes(); err != nil {
		t.Errorf("the owner's next container: %v", err)
	}
	got := filesOf(t, bind(data, data+"/sub", other), node, granting("globex"))
	for _, path := range []string{data, data + "/sub", other} {
		if got[path].Volume != "acme" {
			t.Errorf("%s is of %q, want acme", path, got[path].Volume)
		}
	}
	if err := os.RemoveAll(dir + "/volumes/v"); err != nil { // as `docker volume rm` does
		t.Fatal(err)
	}
	grow(t, dir, "volumes/v/_data/")
	if err := accepted(t, node, granting("globex"), data).claimVolumes(); err != nil {
		t.Errorf("a new volume of that name: %v", err)
	}
}

func TestOnlyOneOfManyTenantsOwnsAVolume(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "volumes/v/_data/")
	node := &tenant.Node{EngineRoots: []string{dir}}
	results := make(chan error, 20)
	var all []*decision // all while it is nobody's
	for i := range cap(results) {
		all = append(all, accepted(t, node, granting("t"+string(rune('a'+i))), dir+"/volumes/v/_data"))
	}
	for _, d := range all {
		go func() { results <- d.claimVolumes() }()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else if !errors.Is(err, errStale) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d tenants own it", won)
	}
}

// Of two tenants whose containers come at once one has the volume, and the other
// is refused as if it had come later.
func TestVolumeIsOneTenantsWhoeverComesAtOnce(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "1935db59/volumes/shared/data/_data/") // nerdctl's
	rt := installed(t, fmt.Sprintf(`
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {limits: {memory: 256Mi}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: globex}
spec: {limits: {memory: 256Mi}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {tenantAnnotation: {trustedContainerdNamespaces: [shared]}, engineRoots: [%s], audit: {record: All}}
`, dir))
	names := []string{"acme", "globex"}
	const each = 5
	results := make(chan map[string]error, 2*each)
	for i := range 2 * each {
		name := names[i%2]
		bundle, _ := bundle(t, func(s *specs.Spec) {
			s.Root.Path = "rootfs"
			s.Annotations = map[string]string{tenant.Annotation: name}
			s.Mounts = append(s.Mounts, specs.Mount{Type: "bind", Source: dir + "/1935db59/volumes/shared/data/_data", Destination: "/data", Options: []string{"rbind"}})
		})
		go func() {
			a, err := rt.Create(context.Background(), Caller{Namespace: "shared", ID: fmt.Sprint("c", i), Bundle: bundle}, new(isolator.Request))
			if err == nil {
				err = a.Undo()
			}
			results <- map[string]error{name: err}
		}()
	}
	has, refused := map[string]int{}, map[string]int{}
	for range cap(results) {
		for name, err := range <-results {
			if err == nil {
				has[name]++
			} else if strings.Contains(err.Error(), "a volume of another tenant") {
				refused[name]++
			} else {
				t.Error(err)
			}
		}
	}
	if len(has) != 1 || len(refused) != 1 || has["acme"]+has["globex"] != each {
		t.Errorf("%v had it, %v were refused", has, refused)
	}
}

func TestVolumeOfAFolderThatIsNotRootsIsNobodys(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "volumes/v/_data/")
	if err := os.Chown(dir+"/volumes/v", 1000, 1000); err != nil {
		t.Fatal(err)
	}
	data := dir + "/volumes/v/_data"
	if f, ok := filesOf(t, bind(data), &tenant.Node{EngineRoots: []string{dir}}, granting("acme"))[data]; ok {
		t.Errorf("it is %+v", f)
	}
}

func TestMountOnAVolumesDataIsNotTheVolume(t *testing.T) {
	dir := t.TempDir()
	node := &tenant.Node{EngineRoots: []string{dir + "/engine"}}
	inOwnMounts(t, func() {
		grow(t, dir, "node/etc/sub/", "engine/volumes/bound/_data/", "engine/volumes/kernel/_data/", "engine/volumes/own/_data/")
		at := func(name string) string { return filepath.Join(dir, "engine/volumes", name, "_data") }
		for _, err := range []error{
			unix.Mount(dir+"/node/etc", at("bound"), "", unix.MS_BIND, ""),
			unix.Mount("bulkhead", at("kernel"), "ramfs", 0, ""),
			unix.Mount("bulkhead", at("own"), "tmpfs", 0, ""),
		} {
			if err != nil {
				t.Error(err)
				return
			}
		}
		sources := []string{at("bound"), at("bound") + "/sub", at("kernel"), at("own")}
		for _, test := range []struct {
			p    *tenant.Policy
			want []bool
		}{
			{granting("acme"), []bool{false, false, false, true}},
			{granting("acme", tenant.HostPath{Path: dir + "/node"}), []bool{true, false, false, true}},
			{granting("acme", tenant.HostPath{Path: dir + "/node", ReadOnly: true}), []bool{false, false, false, true}},
			{granting("acme", tenant.HostPath{Path: dir + "/engine/volumes"}), []bool{true, true, true, true}},
		} {
			found := filesOf(t, bind(sources...), node, test.p)
			for i, source := range sources {
				if _, ok := found[source]; ok != test.want[i] {
					t.Errorf("with %v: %s found: %v", test.p.Security.Exceptions.HostPaths, source, ok)
				}
			}
		}
	})
}

func TestVolumeWhoseOwnerCannotBeRecordedIsRefused(t *testing.T) {
	dir := t.TempDir()
	node := &tenant.Node{EngineRoots: []string{dir}}
	inOwnMounts(t, func() {
		if err := unix.Mount("bulkhead", dir, "ramfs", 0, "mode=0755"); err != nil { // has no extended attributes
			t.Error(err)
			return
		}
		grow(t, dir, "volumes/v/_data/")
		data := dir + "/volumes/v/_data"
		var denied isolator.Denials
		if err := accepted(t, node, granting("acme"), data).claimVolumes(); !errors.As(err, &denied) || denied[0].Allow == isolator.Nothing {
			t.Errorf("%v, want a denial that names a key", err)
		}
		if err := accepted(t, node, granting("acme", tenant.HostPath{Path: data}), data).claimVolumes(); err != nil {
			t.Errorf("with the key that it names: %v", err)
		}
	})
}
