package runtime

import (
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// granting is a policy with these listed paths.
func granting(name string, paths ...tenant.HostPath) *tenant.Policy {
	return &tenant.Policy{Name: name, Security: tenant.Security{Level: tenant.Baseline, Exceptions: tenant.Exceptions{HostPaths: paths}}}
}

// bind is a spec that binds these paths.
func bind(sources ...string) *specs.Spec {
	s := new(specs.Spec)
	for _, source := range sources {
		s.Mounts = append(s.Mounts, specs.Mount{Type: "bind", Source: source, Destination: "/" + filepath.Base(source), Options: []string{"rbind"}})
	}
	return s
}

func filesOf(t *testing.T, s *specs.Spec, node *tenant.Node, p *tenant.Policy) map[string]isolator.File {
	t.Helper()
	found, err := files(s, grantsOf(node, p))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// inOwnMounts runs a test in a mount namespace of its own, on a thread that ends
// with it.
func inOwnMounts(t *testing.T, test func()) {
	t.Helper()
	asRoot(t)
	done := make(chan struct{})
	go func() {
		goruntime.LockOSThread()
		if unix.Gettid() == os.Getpid() { // whose namespaces are the process's
			inOwnMounts(t, test)
			goruntime.UnlockOSThread()
			close(done)
			return
		}
		defer close(done)
		if err := errors.Join(unix.Unshare(unix.CLONE_NEWNS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
			t.Error(err)
			return
		}
		test()
	}()
	<-done
}

func TestOnlyWhatSomethingGrantsIsLookedAt(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "engine/containers/", "listed/below/", "listedx/", "listed/link>below", "cdi", "docker-init", "other")
	at := func(name string) string { return filepath.Join(dir, name) }
	p := granting("acme", tenant.HostPath{Path: at("listed")})
	p.Security.Exceptions.CDIDevices = []tenant.CDIDevice{{Mounts: []tenant.CDIMount{{HostPath: at("cdi")}}}}
	node := &tenant.Node{EngineRoots: []string{at("engine")}}
	known := []string{at("engine/containers"), at("listed"), at("listed/below"), at("listed") + "//below/.", at("cdi"), at("docker-init")}
	unknown := []string{at("listedx"), at("other"), dir, "/", "listed/below", dir + "/listed/../listed", at("listed/link"), at("listed/gone"), ""}
	found := filesOf(t, bind(append(known, unknown...)...), node, p)
	for _, path := range known {
		if f := found[path]; f.Kind == "" || f.Inode == 0 || f.Real == "" {
			t.Errorf("%s is %+v", path, f)
		}
	}
	for _, path := range unknown {
		if f, ok := found[path]; ok {
			t.Errorf("%s is %+v, want nothing", path, f)
		}
	}
	s := bind(at("listed"))
	s.Mounts[0].Type, s.Mounts[0].Options = "tmpfs", nil
	if found := filesOf(t, s, node, p); len(found) != 0 {
		t.Errorf("a tmpfs has a source: %v", found)
	}
	p.Security.Level = tenant.Privileged
	if found := filesOf(t, bind(at("other"), "/"), node, p); len(found) != 2 {
		t.Errorf("a privileged tenant's: %v", found)
	}
}

// Whoever has the outer folder makes what is within it.
func TestListedPathWithinAnotherIsNotFollowed(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "outer/", "outer/inner>../secret", "secret/", "link>outer/inner")
	for _, path := range []string{dir + "/outer/inner", dir + "/link"} {
		for _, test := range []struct {
			listed []string
			want   bool
		}{
			{[]string{path}, true}, // all links are the operator's own
			{[]string{path, dir + "/outer"}, false},
		} {
			p := granting("acme")
			for _, l := range test.listed {
				p.Security.Exceptions.HostPaths = append(p.Security.Exceptions.HostPaths, tenant.HostPath{Path: l})
			}
			if _, ok := filesOf(t, bind(path), &tenant.Node{}, p)[path]; ok != test.want {
				t.Errorf("%s, with %v: found %v", path, test.listed, ok)
			}
		}
	}
}

func TestDevicesAreLookedAtWithoutBeingOpened(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	grow(t, dir, "fifo|", "link>/dev/zero")
	s := &specs.Spec{Linux: &specs.Linux{Devices: []specs.LinuxDevice{
		{Path: "/dev/null"}, {Path: "/dev/gone"}, {Path: "/dev/fd/0"}, {Path: "/dev/../dev/full"}, {Path: "/etc/passwd"}, {Path: "/dev"},
	}}}
	p := granting("acme")
	p.Security.Exceptions.Devices = []tenant.Device{{Path: filepath.Join(dir, "link")}, {Path: filepath.Join(dir, "fifo")}}
	p.Security.Exceptions.CDIDevices = []tenant.CDIDevice{{Nodes: []tenant.CDINode{{Path: "/dev/x", HostPath: "/dev/full"}, {Path: "/dev/y"}}}}
	found := filesOf(t, s, &tenant.Node{}, p)
	for path, want := range map[string]isolator.File{
		"/dev/null":                {Kind: isolator.Char, Major: 1, Minor: 3, Real: "/dev/null", Guarded: true},
		"/dev/full":                {Kind: isolator.Char, Major: 1, Minor: 7, Real: "/dev/full", Guarded: true},
		filepath.Join(dir, "link"): {Kind: isolator.Char, Major: 1, Minor: 5, Real: "/dev/zero", Guarded: true},
		filepath.Join(dir, "fifo"): {Kind: isolator.Fifo, Real: filepath.Join(dir, "fifo"), Guarded: true},
	} {
		got := found[path]
		got.Device, got.Inode = 0, 0
		if got.Kind != want.Kind || got.Major != want.Major || got.Minor != want.Minor || got.Real != want.Real || !got.Guarded {
			t.Errorf("%s is %+v, want %+v", path, got, want)
		}
		delete(found, path)
	}
	if len(found) != 0 {
		t.Errorf("also looked at: %v", found)
	}
}

// Most containers' root is the node's: what it may write to is not guarded by
// being root's.
func TestWhatContainersWriteToIsNotGuarded(t *testing.T) {
	asRoot(t)
	dir := t.TempDir()
	volumes := "engine/pods/u/volumes/"
	grow(t, dir, "listed/below/", "readonly/below/", "engine/volumes/v/_data/sub/", volumes+"kubernetes.io~csi/c/mount/sub/",
		volumes+"kubernetes.io~empty-dir/e/sub/", "engine/containers/c/mounts/")
	p := granting("acme", tenant.HostPath{Path: dir + "/listed"}, tenant.HostPath{Path: dir + "/readonly", ReadOnly: true})
	for path, want := range map[string]bool{
		"listed": true, "listed/below": false, "readonly/below": false,
		"engine/volumes/v/_data": true, "engine/volumes/v/_data/sub": false,
		volumes + "kubernetes.io~csi/c/mount": true, volumes + "kubernetes.io~csi/c/mount/sub": false,
		volumes + "kubernetes.io~empty-dir/e": true, volumes + "kubernetes.io~empty-dir/e/sub": false,
		"engine/containers/c/mounts": true,
	} {
		path = filepath.Join(dir, path)
		f, ok := filesOf(t, bind(path), &tenant.Node{EngineRoots: []string{dir + "/engine"}}, p)[path]
		if !ok || f.Guarded != want {
			t.Errorf("%s: found %v, guarded %v, want %v", path, ok, f.Guarded, want)
		}
	}
}

func TestMountedPartOfAFolderCountsByItsOrigin(t *testing.T) {
	dir := t.TempDir()
	node := &tenant.Node{EngineRoots: []string{dir + "/engine", dir + "/linked"}}
	inOwnMounts(t, func() {
		grow(t, dir, "engine/tmp/part/", "engine/tmp/own/", "engine/volumes/v/_data/a b/", "engine/volumes/w/_data/", "linked>engine")
		from := dir + "/engine/volumes/v/_data/a b"
		for _, at := range []string{"/engine/tmp/part", "/engine/volumes/w/_data"} { // the second is no origin of the first
			if err := unix.Mount(from, dir+at, "", unix.MS_BIND, ""); err != nil {
				t.Error(err)
				return
			}
		}
		if err := unix.Mount("tmpfs", dir+"/engine/tmp/own", "tmpfs", 0, ""); err != nil {
			t.Error(err)
			return
		}
		found := filesOf(t, bind(dir+"/engine/tmp/part", dir+"/engine/tmp/own", from), node, granting("acme"))
		if got := found[dir+"/engine/tmp/part"].Origins; !slices.Equal(got, []string{from, dir + "/linked/volumes/v/_data/a b"}) {
			t.Errorf("origins %q, want %q", got, from)
		}
		for _, path := range []string{dir + "/engine/tmp/own", from} {
			if f, ok := found[path]; !ok || len(f.Origins) != 0 {
				t.Errorf("%s: %+v, want no origin", path, f)
			}
		}
	})
}

func TestMountPathsAreUnescaped(t *testing.T) {
	if got := unescape(`/a\040b\134040\011c\`); got != "/a b\\040\tc\\" {
		t.Errorf("got %q", got)
	}
	if _, err := os.ReadFile("/proc/thread-self/mountinfo"); err != nil {
		t.Fatal(err)
	}
}
