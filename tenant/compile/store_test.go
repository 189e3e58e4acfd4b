package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

const header = "apiVersion: bulkhead.dev/v1alpha1\nkind: "

// objectsOf reads documents that must be right.
func objectsOf(t testing.TB, docs ...string) []*Object {
	t.Helper()
	objects, err := Read("test.yaml", []byte(strings.Join(docs, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func tenantDoc(name, spec string) string {
	return fmt.Sprintf("%sTenant\nmetadata: {name: %s}\nspec: %s", header, name, spec)
}

func nodeDoc(spec string) string {
	return header + "NodePolicy\nmetadata: {name: default}\nspec: " + spec
}

// apply puts exactly these documents in force.
func apply(t testing.TB, root tenant.Root, docs ...string) string {
	t.Helper()
	e, err := Edit(root, Entry{Time: time.Now(), Command: "test"}, func([]*Object) ([]*Object, error) {
		return objectsOf(t, docs...), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.To
}

func resolve(t *testing.T, root tenant.Root, e tenant.Evidence) (*tenant.Policy, error) {
	t.Helper()
	s, err := tenant.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	node, err := s.Node()
	if err != nil {
		t.Fatal(err)
	}
	return s.Resolve(node, e)
}

func TestWhatIsWrittenResolves(t *testing.T) {
	root := tenant.Root(t.TempDir())
	apply(t, root,
		tenantDoc("acme", `{selectors: {containerdNamespaces: [acme], kubernetesNamespaces: ["acme-*"]}}`),
		tenantDoc("ci", `{selectors: {kubernetesNamespaces: [acme-ci, "acme-ci-*"]}}`),
		tenantDoc("rest", "{}"),
		nodeDoc("{defaultTenant: rest, tenantAnnotation: {trustedContainerdNamespaces: [default]}, exemptions: {kubernetesNamespaces: [kube-system]}}"))
	for _, test := range []struct {
		evidence tenant.Evidence
		want     string
	}{
		{tenant.Evidence{ContainerdNamespace: "acme"}, "acme"},
		{tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-prod"}, "acme"},
		{tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-ci"}, "ci"},
		{tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-ci-7"}, "ci"},
		{tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-cix"}, "acme"},
		{tenant.Evidence{ContainerdNamespace: "other"}, "rest"},
		{tenant.Evidence{ContainerdNamespace: "other", Pinned: "ci"}, "ci"},
		{tenant.Evidence{ContainerdNamespace: "default", Annotated: "ci"}, "ci"},
		{tenant.Evidence{ContainerdNamespace: "other", Annotated: "ci"}, "rest"},
	} {
		p, err := resolve(t, root, test.evidence)
		if err != nil || p.Name != test.want {
			t.Errorf("%+v is %v (%v), want %s", test.evidence, p, err, test.want)
		}
	}
	if !tenant.Exempt(root, tenant.KubernetesNamespace, "kube-system") || tenant.Exempt(root, tenant.ContainerdNamespace, "kube-system") {
		t.Error("exemption of a Kubernetes namespace is not exactly that")
	}
}

func TestApplyOfTheSameMakesNoNewVersion(t *testing.T) {
	root := tenant.Root(t.TempDir())
	docs := []string{tenantDoc("b", "{}"), tenantDoc("a", "{weight: 7}"), nodeDoc("{defaultTenant: a}")}
	first := apply(t, root, docs...)
	slices.Reverse(docs)
	if again := apply(t, root, docs...); again != first {
		t.Errorf("the same objects in another order are version %s, want %s", again, first)
	}
	entries, err := History(root)
	if err != nil || len(entries) != 1 {
		t.Errorf("history is %v (%v), want one entry", entries, err)
	}
	if other := apply(t, root, docs[:2]...); other == first {
		t.Error("without tenant b the version is the same")
	}
}

func TestStoreIsReadableByAll(t *testing.T) {
	root := tenant.Root(t.TempDir())
	version := apply(t, root, tenantDoc("acme", "{selectors: {containerdNamespaces: [acme]}}"), nodeDoc("{exemptions: {containerdNamespaces: [x]}}"))
	seen := 0
	err := filepath.WalkDir(root.Policy(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.Name() == ".lock" {
			return err
		}
		want := fs.FileMode(0o644)
		switch {
		case d.IsDir():
			want = fs.ModeDir | 0o755
		case info.Mode().Type() == fs.ModeSymlink:
			return nil
		}
		if info.Mode() != want {
			t.Errorf("%s is %v, want %v", path, info.Mode(), want)
		}
		seen++
		return nil
	})
	if err != nil || seen < 12 {
		t.Errorf("%d files and folders (%v)", seen, err)
	}
	link, err := os.Readlink(filepath.Join(root.Policy(), "v1", "current"))
	if err != nil || link != "versions/"+version {
		t.Errorf("current is %q (%v)", link, err)
	}
}

func TestRefusedChangeLeavesThePolicyInForce(t *testing.T) {
	root := tenant.Root(t.TempDir())
	before := apply(t, root, tenantDoc("acme", "{}"))
	_, err := Edit(root, Entry{}, func(current []*Object) ([]*Object, error) {
		return append(current, objectsOf(t, tenantDoc("beta", "{weight: 0}"))...), nil
	}, nil)
	var mistakes Errors
	if !errors.As(err, &mistakes) || len(mistakes) != 1 {
		t.Errorf("got %v", err)
	}
	if s, err := tenant.Open(root); err != nil || s.Version != before {
		t.Errorf("in force is %v (%v)", s, err)
	}
}

func TestWritersTakeTurns(t *testing.T) {
	root := tenant.Root(t.TempDir())
	var all sync.WaitGroup
	for i := range 8 {
		mine := objectsOf(t, tenantDoc(fmt.Sprintf("t%d", i), "{}"))
		all.Go(func() {
			_, err := Edit(root, Entry{}, func(current []*Object) ([]*Object, error) { return append(current, mine...), nil }, nil)
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if objects, err := Load(root); err != nil || len(objects) != 8 {
		t.Errorf("%d objects (%v), want that of each of 8 writers", len(objects), err)
	}
}

func TestTenThousandTenantsApply(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 30,000 files")
	}
	root := tenant.Root(t.TempDir())
	var docs []string
	for i := range 10_000 {
		docs = append(docs, tenantDoc(fmt.Sprintf("t%d", i), fmt.Sprintf("{selectors: {containerdNamespaces: [n%d]}, limits: {memory: 1Gi}}", i)))
	}
	before := cpuTime(t)
	apply(t, root, docs...)
	docs[0] += "\n  # changed"
	apply(t, root, docs...)
	if took := cpuTime(t) - before; took > time.Minute {
		t.Errorf("two applies of 10,000 tenants took %v of CPU time, want seconds", took)
	}
	if p, err := resolve(t, root, tenant.Evidence{ContainerdNamespace: "n9999"}); err != nil || p.Name != "t9999" {
		t.Errorf("n9999 is %v (%v)", p, err)
	}
}

// cpuTime is that of the process, which waits for no other's writes to the disk.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
