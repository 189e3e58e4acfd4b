package record

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestOnlyOneOfManyCreatesOwnsAnID(t *testing.T) {
	root := tenant.Root(t.TempDir())
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			err := Create(root, &Record{Scope: Scope("acme"), ID: "c1", Tenant: "acme"})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d creates succeeded, want 1", won.Load())
	}
	left, err := filepath.Glob(filepath.Join(root.Containers(), "*", ".new-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestRecordsAreListedAndForgotten(t *testing.T) {
	root := tenant.Root(t.TempDir())
	for _, ns := range []string{"acme", "umbrella"} {
		if err := Create(root, &Record{Scope: Scope(ns), ID: "c1", Tenant: ns}); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := List(root); err != nil || len(all) != 2 {
		t.Fatalf("listed %d, %v; want 2", len(all), err)
	}
	for range 2 { // the second removal finds nothing, which is success
		if err := Remove(root, Scope("acme"), "c1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(root, Scope("acme"), "c1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("loaded a removed record: %v", err)
	}
	if err := Save(root, &Record{Scope: Scope("acme"), ID: "c1"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a removed record came back: %v", err)
	}
	if r, err := Load(root, Scope("umbrella"), "c1"); err != nil || r.Tenant != "umbrella" {
		t.Errorf("the same id in another namespace: %+v, %v", r, err)
	}
}

func TestRecordNamesCannotLeaveTheirFolder(t *testing.T) {
	root := tenant.Root(t.TempDir())
	for _, id := range []string{"", ".", "..", "../x", "a/b", ".hidden", "a\x00b"} {
		if err := Create(root, &Record{Scope: Scope("acme"), ID: id}); err == nil {
			t.Errorf("id %q was recorded", id)
		}
	}
	if _, err := os.Stat(root.Containers()); err == nil {
		t.Error("a refused id left a folder")
	}
}

func TestRecordCountsOnlyWhileItsProcessLives(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	start, err := StartTime(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	r := &Record{Pid: cmd.Process.Pid, StartTime: start}
	if !r.Alive() {
		t.Error("a living process is not alive")
	}
	if reused := (&Record{Pid: r.Pid, StartTime: start + 1}); reused.Alive() {
		t.Error("a pid with another start time is alive")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if r.Alive() {
		t.Error("a dead process is alive")
	}
}
