package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const (
	oldRunsc = `features) echo '{"ociVersionMin": "1.0.0", "ociVersionMax": "1.1.0", "potentiallyUnsafeConfigAnnotations": ["dev.gvisor.flag.platform"]}'; exit 0;;`
	newRunsc = `features) echo '{"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.1", "potentiallyUnsafeConfigAnnotations": ["dev.gvisor.flag.gofer-network-namespace"]}'; exit 0;;`
)

func TestRunscIsToldTheFlagsThatItKnows(t *testing.T) {
	for answers, want := range map[string]bool{oldRunsc: false, newRunsc: true} {
		rt := New(tenant.Root(t.TempDir()), Execute)
		path := filepath.Join(t.TempDir(), "runsc")
		program(t, path, answers)
		d, err := rt.Delegate(context.Background(), &tenant.Node{Delegates: map[string]string{"runsc": path}}, "runsc")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.Flags[:len(sandboxFlags)], sandboxFlags) || slices.Contains(d.Flags, "--gofer-network-namespace=new") != want {
			t.Errorf("the flags are %q", d.Flags)
		}
	}
}

func TestDelegateThatIsAnotherThanItIsCalledIsRefused(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	runc, runsc := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "other")
	program(t, runc, modernRunc)
	program(t, runsc, newRunsc)
	node := &tenant.Node{Delegates: map[string]string{"runc": runsc, "runsc": runc}}
	for name, want := range map[string]string{"runc": "which is runsc", "runsc": "which is no runsc"} {
		if _, err := rt.Delegate(context.Background(), node, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want that it is one %s", name, err, want)
		}
	}
}

func TestBulkheadStandsInFrontOfRunsc(t *testing.T) {
	rt := New(tenant.Root(t.TempDir()), Execute)
	path := filepath.Join(t.TempDir(), "runsc")
	program(t, path, newRunsc)
	d, err := rt.Delegate(context.Background(), &tenant.Node{Delegates: map[string]string{"runsc": path}}, "runsc")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds it done
		if err := rt.putInFront(d); err != nil {
			t.Fatal(err)
		}
	}
	command := rt.delegateFacts(Caller{Namespace: "acme"}, d).Path
	self, err := os.Executable()
	if to, read := os.Readlink(command); errors.Join(err, read) != nil || to != self {
		t.Errorf("%s leads to %s, %v, want this program", command, to, read)
	}
	if !InFront([]string{command, "create"}) || InFront([]string{self}) || !sandboxed(command) {
		t.Errorf("%s is not known as what stands in front", command)
	}
	data, err := os.ReadFile(command + ".json")
	if err != nil || !strings.Contains(string(data), path) || !strings.Contains(string(data), "--directfs=false") {
		t.Errorf("it would run %s, %v", data, err)
	}
	if info, err := os.Stat(command + ".json"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its file is %v, %v", info, err)
	}
	if err := BecomeRunsc([]string{filepath.Join(t.TempDir(), "bulkhead-runsc")}); err == nil {
		t.Error("without a file it becomes something")
	}
}

func TestAnExecIsAskedForItsNumberInside(t *testing.T) {
	for asked, want := range map[string]string{
		"--root /r exec --process p --pid-file /b/x.pid c": "--root /r exec --internal-pid-file /b/x.pid.inside --process p --pid-file /b/x.pid c",
		"--root /r create --pid-file /b/init.pid c":        "",
		"--root /r exec --process p c":                     "",
		"--root /r exec --pid-file":                        "",
	} {
		if want == "" {
			want = asked
		}
		if got := strings.Join(withInsidePid(strings.Fields(asked)), " "); got != want {
			t.Errorf("%s became %s, want %s", asked, got, want)
		}
	}
}

func TestStateOfADelegateIsFoundByItsForm(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"runc/state.json", "runsc_sandbox:runsc.state", "half_sandbox:half.lock"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]bool{"runc": true, "runsc": true, "half": false, "none": false} {
		if got, err := hasState(dir, id); got != want || err != nil {
			t.Errorf("%s has state: %v, %v, want %v", id, got, err, want)
		}
	}
	if err := clearSandbox(&record.Record{ID: "half", StateRoot: dir, Delegate: "/x/" + frontName}); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dir + "/half*"); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	if err := clearSandbox(&record.Record{ID: "runsc", StateRoot: dir, Delegate: "/x/" + frontName}); err != nil {
		t.Fatal(err)
	}
	if kept, _ := hasState(dir, "runsc"); !kept {
		t.Error("the state of one that runsc knows is gone")
	}
}

func TestSandboxReadsASpecOfItsOwn(t *testing.T) {
	asked := &specs.Spec{
		Annotations: map[string]string{criContainerType: "container", criSandboxID: "s", "io.kubernetes.cri.image-name": "i"},
		Process:     &specs.Process{Env: []string{"A=b", "HOSTNAME=web-0"}},
		Mounts:      []specs.Mount{{Destination: "/d", Options: []string{"rbind", "rro", "rnosuid"}}},
	}
	d := &decision{facts: isolator.Facts{Engine: isolator.CRI}}
	if got := d.forDelegate(asked); got != asked {
		t.Error("runc reads another spec than was decided")
	}
	d.facts.Delegate.Sandbox = true
	got := d.forDelegate(asked)
	if len(got.Annotations) != 1 || got.Hostname != "web-0" || strings.Join(got.Mounts[0].Options, " ") != "rbind ro nosuid" {
		t.Errorf("it reads %+v", got)
	}
	if len(asked.Annotations) != 3 || asked.Hostname != "" || asked.Mounts[0].Options[1] != "rro" {
		t.Errorf("what was decided became %+v", asked)
	}
}

func TestIgnoredIsOfASandboxAlone(t *testing.T) {
	s := &specs.Spec{
		Process: &specs.Process{ApparmorProfile: "docker-default", Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_NET_RAW"}}},
		Linux: &specs.Linux{
			Seccomp: &specs.LinuxSeccomp{}, Sysctl: map[string]string{"fs.nr_open": "1", "net.core.somaxconn": "9"},
			Namespaces: []specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/n"}, {Type: specs.IPCNamespace, Path: "/i"}},
		},
	}
	if got := Ignored(isolator.Facts{}, s); got != nil {
		t.Errorf("runc ignores %v", got)
	}
	var keys []string
	for _, n := range Ignored(isolator.Facts{Delegate: isolator.Delegate{Sandbox: true}}, s) {
		keys = append(keys, n.Key)
	}
	want := []string{"process.apparmorProfile", "process.capabilities", "linux.seccomp", `linux.sysctl["net.core.somaxconn"]`, "linux.namespaces[ipc].path"}
	if !slices.Equal(keys, want) {
		t.Errorf("it ignores %q, want %q", keys, want)
	}
	if got := Ignored(isolator.Facts{Delegate: isolator.Delegate{Sandbox: true}}, &specs.Spec{}); got != nil {
		t.Errorf("of an empty spec it ignores %v", got)
	}
}
