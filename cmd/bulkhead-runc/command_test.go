package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func TestCommandLinesOfEnginesAreUnderstood(t *testing.T) {
	for _, test := range []struct {
		about, line  string
		verb, id     string
		tenant, root string
	}{
		{"BuildKit 0.8", "bulkhead-runc --log /l.json --log-format json run --bundle /b n3w", "run", "n3w", "", defaultRoot},
		{"BuildKit 0.33", "bulkhead-runc --log /l.json --log-format json run --bundle /b --keep n3w", "run", "n3w", "", defaultRoot},
		{"conmon", "x --bulkhead-tenant=acme --root=/r create --bundle /b --pid-file /p c1", "create", "c1", "acme", "/r"},
		{"conmon with systemd", "x --systemd-cgroup create --bundle /b --pid-file /p --console-socket /s c1", "create", "c1", "", defaultRoot},
		{"one hyphen", "x -root /r create -b /b c1", "create", "c1", "", "/r"},
	} {
		inv, err := parse(strings.Fields(test.line))
		if err != nil || inv.verb != test.verb || inv.tenant != test.tenant || inv.root != test.root {
			t.Errorf("%s: %+v, %v", test.about, inv, err)
			continue
		}
		c, err := parseCreation(inv.verb, inv.args)
		if err != nil || c.id != test.id || c.bundle != "/b" {
			t.Errorf("%s: %+v, %v", test.about, c, err)
		}
	}
}

func TestUnknownFlagsAreRefused(t *testing.T) {
	for _, line := range []string{"x --module evil create c1", "x create --hook /evil c1", "x create --keep c1", "x create a b", "x run --preserve-fds -1 c1"} {
		inv, err := parse(strings.Fields(line))
		if err == nil {
			_, err = parseCreation(inv.verb, inv.args)
		}
		if err == nil {
			t.Errorf("%s: accepted", line)
		}
	}
}

func TestContainerOfACommandThatIsPassedIsFound(t *testing.T) {
	for line, want := range map[string]string{"--all c1 KILL": "c1", "c1 9": "c1", "--force c1": "c1", "--format json c1": "c1", "": ""} {
		if got := passedID(strings.Fields(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestExecChangesWhatItsFlagsSay(t *testing.T) {
	e, err := parseExecution(strings.Fields("-t -u 5:6 --cwd /w -e A=1 --cap CAP_KILL -g 7 --no-new-privs=false --pid-file /p -d c1 ls -l"))
	if err != nil {
		t.Fatal(err)
	}
	p := &specs.Process{Env: []string{"B=2"}, NoNewPrivileges: true, ApparmorProfile: "kept"}
	if err := e.change(p); err != nil {
		t.Fatal(err)
	}
	kill := []string{"CAP_KILL"}
	want := &specs.Process{
		Terminal: true, Args: []string{"ls", "-l"}, Cwd: "/w", Env: []string{"B=2", "A=1"}, ApparmorProfile: "kept",
		User:         specs.User{UID: 5, GID: 6, AdditionalGids: []uint32{7}},
		Capabilities: &specs.LinuxCapabilities{Bounding: kill, Effective: kill, Permitted: kill},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"--pid-file", "/p", "--detach"}, e.passed); diff != "" {
		t.Errorf("passed on: want - got +:\n%s", diff)
	}
}

func TestUpdateNamesOnlyWhatItsFlagsSay(t *testing.T) {
	id, got, err := parseUpdate(strings.Fields("--memory 64m --memory-swap -1 --cpu-quota 5000 c1"), nil)
	limit, swap, quota := int64(64<<20), int64(-1), int64(5000)
	want := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit, Swap: &swap}, CPU: &specs.LinuxCPU{Quota: &quota}}
	if diff := cmp.Diff(want, got); err != nil || id != "c1" || diff != "" {
		t.Errorf("%s, %v; want - got +:\n%s", id, err, diff)
	}
	if _, got, err := parseUpdate([]string{"-r", "-", "c1"}, strings.NewReader(`{"pids": {"limit": 5}}`)); err != nil || *got.Pids.Limit != 5 {
		t.Errorf("from standard input: %+v, %v", got, err)
	}
	for _, line := range []string{"--l3-cache-schema L3:0=f c1", "-r - c1"} {
		if _, _, err := parseUpdate(strings.Fields(line), strings.NewReader(`{"unheardOf": 1}`)); err == nil {
			t.Errorf("%s: accepted", line)
		}
	}
}

func TestTenantIsNamedByAFlagOrByRootsFile(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: a handler's file belongs to root")
	}
	root := tenant.Root(t.TempDir())
	if err := os.MkdirAll(root.Handlers(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root.Handlers(), "acme-runc.toml"), []byte(`tenant = "acme"`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ program, flag, want, refusal string }{
		{"bulkhead-runc", "", "", ""},
		{"bulkhead-runc", "acme", "acme", ""},
		{"runc", "", "", ""},
		{"acme-runc", "", "acme", ""},
		{"acme-runc", "acme", "acme", ""},
		{"acme-runc", "globex", "", "name different tenants"},
		{"other-runc", "acme", "", "needs"},
	} {
		inv := &invocation{rt: runtime.New(root, runtime.Execute), program: test.program, tenant: test.flag}
		got, err := inv.pinned()
		if got != test.want || (err == nil) != (test.refusal == "") || err != nil && !strings.Contains(err.Error(), test.refusal) {
			t.Errorf("%s, flag %q: %q, %v; want %q, %q", test.program, test.flag, got, err, test.want, test.refusal)
		}
	}
}

func TestRefusalIsWhereEnginesLookForIt(t *testing.T) {
	inv := &invocation{log: filepath.Join(t.TempDir(), "log"), logFormat: "json", verb: "create"}
	if code := inv.exit(os.ErrPermission); code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
	data, err := os.ReadFile(inv.log)
	if err != nil || !strings.Contains(string(data), `"level":"error","msg":"permission denied"`) {
		t.Errorf("the log has %s (%v)", data, err)
	}
	if code := (&invocation{verb: "exec"}).exit(os.ErrPermission); code != 255 {
		t.Errorf("exit status of exec %d, want 255", code)
	}
	if code := inv.exit(exited(7)); code != 7 {
		t.Errorf("exit status of a container %d, want 7", code)
	}
}
