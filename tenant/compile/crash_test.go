package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// writerEnv makes this test binary a writer that applies without end below the
// root that it names.
const writerEnv = "COMPILE_TEST_WRITER"

func TestMain(m *testing.M) {
	if root := os.Getenv(writerEnv); root != "" {
		fmt.Fprintln(os.Stderr, writeForever(tenant.Root(root)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever applies generations: all tenants of one have the same weight.
func writeForever(root tenant.Root) error {
	for generation := time.Now().UnixNano(); ; generation++ {
		var docs []string
		for i := range 20 {
			docs = append(docs, fmt.Sprintf("%sTenant\nmetadata: {name: t%d}\nspec: {weight: %d}\n# %d\n", header, i, generation%10000+1, generation))
		}
		objects, err := Read("generation", []byte(strings.Join(docs, "---\n")))
		if err != nil {
			return err
		}
		if _, err := Edit(root, Entry{}, func([]*Object) ([]*Object, error) { return objects, nil }, nil); err != nil {
			return err
		}
	}
}

func TestReaderSeesWholeVersionsWhileWritersAreKilled(t *testing.T) {
	root := tenant.Root(t.TempDir())
	apply(t, root, tenantDoc("t0", "{}"))
	versions := map[string]bool{}
	for range 8 {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writerEnv+"="+string(root))
		var said strings.Builder
		writer.Stderr = &said
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- writer.Wait() }()
		for seen := len(versions); len(versions) < seen+5 && len(ended) == 0; {
			if v := readWhole(t, root); v != "" {
				versions[v] = true
			}
		}
		writer.Process.Kill()
		if err := <-ended; !killed(err) {
			t.Fatalf("the writer ended by itself: %v: %s", err, said.String())
		}
		readWhole(t, root)
	}
	apply(t, root, tenantDoc("t0", "{weight: 5}"))
	for _, dir := range []string{"v1", "v1/versions"} {
		entries, err := os.ReadDir(filepath.Join(root.Policy(), dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), newVersion) || strings.HasPrefix(e.Name(), newCurrent) {
				t.Errorf("%s/%s is left behind", dir, e.Name())
			}
		}
	}
}

func killed(err error) bool {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// readWhole reads all of the version in force, checks that its content is what
// its name says, and returns the name; empty when it was removed meanwhile, 20
// versions later.
func readWhole(t *testing.T, root tenant.Root) string {
	t.Helper()
	s, err := tenant.Open(root)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	content := files{}
	err = filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(s.Dir(), path)
		if err != nil {
			return err
		}
		var f file
		if d.Type() == fs.ModeSymlink {
			f.link, err = os.Readlink(path)
		} else {
			f.data, err = os.ReadFile(path)
		}
		content[name] = f
		return err
	})
	if _, gone := os.Stat(s.Dir()); errors.Is(gone, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := content.version(); got != s.Version {
		t.Fatalf("version %s has the content of %s", s.Version, got)
	}
	return s.Version
}
