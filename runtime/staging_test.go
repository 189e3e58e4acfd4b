package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// stager is an installation with a container that has a stage and no more.
func stager(t *testing.T) *Accepted {
	t.Helper()
	rt := New(tenant.Root(t.TempDir()), Execute)
	return &Accepted{rt: rt, record: &record.Record{Scope: record.Scope("acme"), ID: "c1"}}
}

func (a *Accepted) stageFolder() string { return stageOf(a.rt.root, a.record.Scope, a.record.ID) }

// isEmptyStage reports that nothing of a stage is left.
func isEmptyStage(t *testing.T, a *Accepted) {
	t.Helper()
	if _, err := os.Lstat(a.stageFolder()); !os.IsNotExist(err) {
		t.Errorf("the stage is still there: %v", err)
	}
	mounts, err := readMounts()
	if err != nil {
		t.Error(err)
	}
	if slices.ContainsFunc(mounts, func(m mountPoint) bool { return within(a.stageFolder(), m.at) }) {
		t.Errorf("mounts left: %v", mounts)
	}
}

func TestDelegateIsGivenWhatWasJudged(t *testing.T) {
	dir := t.TempDir()
	a := stager(t)
	inOwnMounts(t, func() {
		grow(t, dir, "listed/folder/", "listed/folder/inside", "listed/file", "listed/fifo|", "secret/", "listed/link>../secret")
		p := granting("acme", tenant.HostPath{Path: dir + "/listed"})
		sources := []string{dir + "/listed", dir + "/listed/folder", dir + "/listed/file", dir + "/listed/fifo"}
		d := accepted(t, &tenant.Node{}, p, sources...)
		staged, err := a.stage(d)
		if err != nil {
			t.Error(err)
			return
		}
		if got := staged.Mounts[0].Source; got != sources[0] {
			t.Errorf("what nobody can exchange is at %s", got)
		}
		// Now it leads elsewhere, and the delegate opens what it was given.
		if err := unix.Renameat2(unix.AT_FDCWD, dir+"/listed/folder", unix.AT_FDCWD, dir+"/listed/link", unix.RENAME_EXCHANGE); err != nil {
			t.Error(err)
		}
		for i, m := range staged.Mounts[1:] {
			l, err := locate(m.Source, m.Source)
			if err != nil {
				t.Error(err)
				continue
			}
			if judged := d.facts.Files[sources[i+1]]; l.stat.Ino != judged.Inode || fileOf(l).Kind != judged.Kind {
				t.Errorf("%s is %+v, judged was %+v", m.Source, fileOf(l), judged)
			}
			l.close()
		}
		if d.final.Spec.Mounts[1].Source != sources[1] {
			t.Error("the decision has the delegate's path")
		}
		if err := removeStage(a.stageFolder()); err != nil {
			t.Error(err)
		}
		isEmptyStage(t, a)
		if _, err := os.Stat(dir + "/listed/link/inside"); err != nil {
			t.Errorf("the tenant's file: %v", err)
		}
	})
}

func TestExchangedSourceIsDecidedAgain(t *testing.T) {
	dir := t.TempDir()
	a := stager(t)
	inOwnMounts(t, func() {
		grow(t, dir, "listed/a/", "listed/b/", "listed/link>b")
		d := accepted(t, &tenant.Node{}, granting("acme", tenant.HostPath{Path: dir + "/listed"}), dir+"/listed/a")
		for _, other := range []string{"b", "link"} {
			exchange := func() error {
				return unix.Renameat2(unix.AT_FDCWD, dir+"/listed/a", unix.AT_FDCWD, dir+"/listed/"+other, unix.RENAME_EXCHANGE)
			}
			if err := exchange(); err != nil {
				t.Error(err)
			}
			if _, err := a.stage(d); !errors.Is(err, errStale) {
				t.Errorf("exchanged for %s: %v, want errStale", other, err)
			}
			if err := errors.Join(exchange(), removeStage(a.stageFolder())); err != nil {
				t.Error(err)
			}
			isEmptyStage(t, a)
		}
	})
}

// What is unmounted below a mount that others share is unmounted there, too:
// the source of a recursive bind must keep what is mounted in it.
func TestSourceKeepsItsMountsWhenTheStageGoes(t *testing.T) {
	dir := t.TempDir()
	a := stager(t)
	inOwnMounts(t, func() {
		grow(t, dir, "listed/sub/below/", "copy/")
		for _, err := range []error{
			unix.Mount("bulkhead", dir+"/listed/sub", "tmpfs", 0, ""),
			unix.Mount("", dir+"/listed/sub", "", unix.MS_SHARED, ""),
			os.Mkdir(dir+"/listed/sub/below", 0o755),
			unix.Mount("bulkhead", dir+"/listed/sub/below", "tmpfs", 0, ""),
			os.WriteFile(dir+"/listed/sub/below/file", nil, 0o600),
		} {
			if err != nil {
				t.Error(err)
				return
			}
		}
		there := func() bool {
			_, err := os.Stat(dir + "/listed/sub/below/file")
			return err == nil
		}
		d := accepted(t, &tenant.Node{}, granting("acme", tenant.HostPath{Path: dir + "/listed"}), dir+"/listed/sub")
		staged, err := a.stage(d)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := os.Stat(staged.Mounts[0].Source + "/below/file"); err != nil {
			t.Errorf("what is mounted in the source is not in the stage: %v", err)
		}
		if err := removeStage(a.stageFolder()); err != nil {
			t.Error(err)
		}
		if !there() {
			t.Error("the source's own mount is gone")
		}
		// The control: unmounted without a thought, it is.
		if err := errors.Join(unix.Mount(dir+"/listed/sub", dir+"/copy", "", unix.MS_BIND|unix.MS_REC, ""), unix.Unmount(dir+"/copy", unix.MNT_DETACH)); err != nil {
			t.Error(err)
		}
		if there() {
			t.Error("the control unmounted nothing")
		}
	})
}

// Another mount namespace that follows this one, as a container's may, must not
// hold what was staged.
func TestStageDoesNotSpread(t *testing.T) {
	dir := t.TempDir()
	a := stager(t)
	inOwnMounts(t, func() {
		grow(t, dir, "listed/folder/", "peer/")
		run := a.rt.root.Path("/run")
		grow(t, string(a.rt.root), "run/")
		for _, err := range []error{
			unix.Mount("bulkhead", run, "tmpfs", 0, ""),
			unix.Mount("", run, "", unix.MS_SHARED, ""),
			unix.Mount(run, dir+"/peer", "", unix.MS_BIND, ""), // follows it
		} {
			if err != nil {
				t.Error(err)
				return
			}
		}
		d := accepted(t, &tenant.Node{}, granting("acme", tenant.HostPath{Path: dir + "/listed"}), dir+"/listed/folder")
		if _, err := a.stage(d); err != nil {
			t.Error(err)
		}
		mounts, err := readMounts()
		if err != nil {
			t.Error(err)
		}
		spread := 0
		for _, m := range mounts {
			if within(dir+"/peer", m.at) {
				spread++
			}
		}
		if spread != 2 { // it and the empty file system: it does follow
			t.Errorf("%d mounts in the place that follows, want 2", spread)
		}
		if err := removeStage(a.stageFolder()); err != nil {
			t.Error(err)
		}
		isEmptyStage(t, a)
		if left, _ := filepath.Glob(dir + "/peer/bulkhead/mounts/*/*"); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestStageIsRemovedWithoutATenantsFiles(t *testing.T) {
	asRoot(t)
	a := stager(t)
	if err := os.MkdirAll(a.stageFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	grow(t, a.stageFolder(), "file")
	if err := removeStage(a.stageFolder()); err == nil {
		t.Error("a folder with something in it was removed")
	}
	if _, err := os.Lstat(filepath.Join(a.stageFolder(), "file")); err != nil {
		t.Error(err)
	}
}

func TestGCRemovesTheStageOfAContainerThatIsGone(t *testing.T) {
	rt := installed(t, policy)
	dir, _ := bundle(t, nil)
	a, err := rt.Create(context.Background(), Caller{Namespace: "acme", ID: "c1", Bundle: dir}, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	}()
	gone := &Accepted{rt: rt, record: &record.Record{Scope: record.Scope("acme"), ID: "gone"}}
	for _, each := range []*Accepted{a, gone} {
		if err := makeStage(each.stageFolder()); err != nil {
			t.Fatal(err)
		}
	}
	found, err := rt.Leftovers()
	if err != nil || len(found) != 1 || found[0].Kind != "mounts" || found[0].Name != "containerd:acme/gone" {
		t.Fatalf("found %v, %v; want the stage of the container that is gone", found, err)
	}
	for range 2 { // the second finds nothing
		if err := found[0].Remove(context.Background()); err != nil {
			t.Error(err)
		}
	}
	isEmptyStage(t, gone)
	if _, err := os.Lstat(a.stageFolder()); err != nil {
		t.Errorf("the stage of a container that is being made: %v", err)
	}
	if err := a.Undo(); err != nil {
		t.Error(err)
	}
	isEmptyStage(t, a)
}
