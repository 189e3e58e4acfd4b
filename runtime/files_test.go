package runtime

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

func TestStreamIsAFifoByWhatItIs(t *testing.T) {
	dir := t.TempDir()
	fifo, file, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(fifo, link); err != nil {
		t.Fatal(err)
	}
	got := fifos(isolator.Stdio{Stdin: file, Stdout: fifo, Stderr: link}, nil, nil)
	if !slices.Equal(got, []string{fifo}) {
		t.Errorf("fifos %v, want only %s", got, fifo)
	}
	if got := fifos(isolator.Stdio{Stdout: "fifo://" + fifo}, nil, nil); !slices.Equal(got, []string{fifo}) {
		t.Errorf("by URI: %v", got)
	}
}

func TestFifoOfARemappedRootCountsInItsFoldersOfDockers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: others' folders")
	}
	ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: 100000, Size: 65536}}
	for what, of := range map[string]struct {
		name  string
		mode  os.FileMode
		owner int
		ids   []specs.LinuxIDMapping
		want  int
	}{
		"as Docker makes it":        {"c1.100000.100000", 0o700, 100000, ids, 1},
		"without a mapping":         {"c1.100000.100000", 0o700, 100000, nil, 0},
		"of other IDs":              {"c1.100000.100000", 0o700, 100001, ids, 0},
		"of the node's own IDs":     {"c1.100000.100000", 0o700, 1000, []specs.LinuxIDMapping{{Size: 65536}}, 0},
		"of another name":           {"c1", 0o700, 100000, ids, 0},
		"that others may write to":  {"c1.100000.100000", 0o770, 100000, ids, 0},
		"that others may enter":     {"c1.100000.100000", 0o711, 100000, ids, 0},
		"named for others' mapping": {"c1.200000.200000", 0o700, 100000, ids, 0},
	} {
		folder := filepath.Join(t.TempDir(), of.name)
		fifo := filepath.Join(folder, "init-stdout")
		if err := errors.Join(os.Mkdir(folder, 0o700), syscall.Mkfifo(fifo, 0o700), os.Chown(folder, of.owner, of.owner), os.Chmod(folder, of.mode)); err != nil {
			t.Fatal(err)
		}
		if got := fifos(isolator.Stdio{Stdout: fifo}, of.ids, of.ids); len(got) != of.want {
			t.Errorf("a folder %s: %v, want %d", what, got, of.want)
		}
	}
}

func TestFifoCountsOnlyWhereNobodyButRootCanReplaceIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: root's folders")
	}
	dir := t.TempDir()
	folder, link := filepath.Join(dir, "folder"), filepath.Join(dir, "link") // as /run and /var/run
	if err := os.Mkdir(folder, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	counts := func(path string) bool { return len(fifos(isolator.Stdio{Stdout: path}, nil, nil)) == 1 }
	if !counts(folder+"/fifo") || !counts(link+"/fifo") {
		t.Error("a fifo of root's does not count, by itself or through a link of root's")
	}
	for what, spoil := range map[string]func() error{
		"anybody may write to its folder": func() error { return os.Chmod(folder, 0o777) },
		"its folder is another user's":    func() error { return os.Chown(folder, 1000, 1000) },
		"the link is another user's":      func() error { return os.Lchown(link, 1000, 1000) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if counts(link + "/fifo") {
			t.Errorf("%s, and it counts", what)
		}
		if err := errors.Join(os.Chown(folder, 0, 0), os.Lchown(link, 0, 0), os.Chmod(folder, 0o711)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHooksProgramCountsOnlyWhileItIsTheFileOfItsName(t *testing.T) {
	program := filepath.Join(t.TempDir(), "dockerd")
	if out, err := exec.Command("cp", "/bin/sleep", program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	path := fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid)
	known := func() string {
		//lint:ignore SA1019 Docker up to 27 uses it
		return hookBinaries(&specs.Hooks{Prestart: []specs.Hook{{Path: path}, {Path: program}}})[path]
	}
	if os.Getuid() == 0 && known() != program {
		t.Errorf("root's running program is %q, want %s", known(), program)
	}
	if err := os.Chmod(program, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := known(); got != "" {
		t.Errorf("a program that anybody may replace counts as %s", got)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if got := known(); got != "" {
		t.Errorf("a program that was replaced counts as %s", got)
	}
}

func TestHooksProgramByItsPathIsOneThatRootAloneCanReplace(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root's own files")
	}
	folder := filepath.Join(t.TempDir(), "bin")
	program := filepath.Join(folder, "nerdctl")
	if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(program, nil, 0o755)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	known := func() map[string]string {
		return hookBinaries(&specs.Hooks{CreateRuntime: []specs.Hook{{Path: program}, {Path: link}, {Path: "nerdctl"}}, Poststop: []specs.Hook{{Path: program}}})
	}
	if got := known(); len(got) != 1 || got[program] != program {
		t.Errorf("the programs are %v, want %s alone", got, program)
	}
	for what, spoil := range map[string]func() error{
		"anybody may write to it":         func() error { return os.Chmod(program, 0o777) },
		"it is another user's":            func() error { return os.Chown(program, 1000, 1000) },
		"anybody may write to its folder": func() error { return os.Chmod(folder, 0o777) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if got := known(); len(got) != 0 {
			t.Errorf("%s, and it counts: %v", what, got)
		}
		if err := errors.Join(os.Chmod(program, 0o755), os.Chown(program, 0, 0), os.Chmod(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
}
