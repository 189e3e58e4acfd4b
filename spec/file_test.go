package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
)

func TestReadRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field of a newer runtime-spec": {`{"ociVersion": "1.3.0", "linux": {"backdoor": true}}`, `unknown field "backdoor"`},
		"two specs":                       {`{"ociVersion": "1.3.0"} {"ociVersion": "1.3.0"}`, "more than one JSON value"},
		"half a spec":                     {`{"ociVersion": "1.3.0"`, "unexpected EOF"},
		"a number that does not fit":      {`{"process": {"user": {"uid": 4294967296}}}`, "cannot unmarshal"},
		"1 MiB and more":                  {`{"ociVersion": "` + strings.Repeat("x", 1<<20) + `"}`, "larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(bundle(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestWriteKeepsTheEnginesSpec(t *testing.T) {
	const engine = `{"ociVersion":"1.3.0","hostname":"a"}`
	dir := bundle(t, engine)
	s, data, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Hostname = "b"
	if err := spec.Write(dir, s, data); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir, spec.EngineFile); got != engine {
		t.Errorf("%s is %s, want %s", spec.EngineFile, got, engine)
	}
	again, _, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hostname != "b" {
		t.Errorf("%s has hostname %q, want b", spec.ConfigFile, again.Hostname)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || e.Name() != spec.ConfigFile && e.Name() != spec.EngineFile {
			t.Errorf("the bundle holds %s with mode %v", e.Name(), info.Mode())
		}
	}
}

// Keys that differ in case only are one field to Go and two to a delegate. The
// delegate gets what Go understood, so there is nothing to hide behind.
func TestWhatIsWrittenIsWhatWasUnderstood(t *testing.T) {
	dir := bundle(t, `{"ociVersion": "1.3.0", "hostname": "a", "HOSTNAME": "b", "hostname": "c"}`)
	s, data, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Write(dir, s, data); err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, dir, spec.ConfigFile), `{"ociVersion":"1.3.0","hostname":"c"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The bundle's folder belongs to the engine, its file may be a link: a link is
// replaced, not written through.
func TestWriteReplacesALink(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(outside, []byte(`{"ociVersion":"1.3.0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, spec.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	s, data, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Hostname = "b"
	if err := spec.Write(dir, s, data); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, filepath.Dir(outside), "victim"); got != `{"ociVersion":"1.3.0"}` {
		t.Errorf("the file behind the link became %s", got)
	}
}

func read(bundle string) (*specs.Spec, []byte, error) {
	data, err := spec.Read(bundle)
	if err != nil {
		return nil, nil, err
	}
	s, err := spec.Parse(data)
	return s, data, err
}

func bundle(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, spec.ConfigFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func contents(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
