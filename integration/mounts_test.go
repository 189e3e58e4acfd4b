package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// tree makes files below a folder: "x/" a folder, "x>y" a link to y, "x=y" a file
// that says y.
func (s *stage) tree(dir string, names ...string) {
	s.Helper()
	for _, name := range names {
		if link, target, ok := strings.Cut(name, ">"); ok {
			s.must(os.Symlink(target, filepath.Join(dir, link)))
		} else if file, text, ok := strings.Cut(name, "="); ok {
			s.must(os.WriteFile(filepath.Join(dir, file), []byte(text+"\n"), 0o644))
		} else {
			s.must(os.MkdirAll(filepath.Join(dir, name), 0o755))
		}
	}
}

// with is a container that has a path of the node at /d, and runs a script.
func (s *stage) with(tenant, source, script string, options ...string) node.Run {
	return node.Run{Namespace: s.node.Namespace(tenant), Args: []string{"sh", "-c", script}, Spec: []oci.SpecOpts{
		oci.WithMounts([]specs.Mount{{Type: "bind", Source: source, Destination: "/d", Options: append([]string{"rbind"}, options...)}}),
	}}
}

// says runs a container to its end and returns what it printed.
func (s *stage) says(r node.Run) string {
	s.Helper()
	c := s.start(r)
	code := c.wait()
	c.delete() // its output is complete then
	if code != 0 {
		s.Fatalf("exit code %d: %s", code, c.Stderr)
	}
	return strings.TrimSpace(c.Stdout.String())
}

// listing is a policy that lists paths of the node for acme.
func listing(paths string) node.Policy {
	return node.Policy{Tenants: map[string]string{
		"acme":   "limits: {memory: 128Mi}\nsecurity: {exceptions: {hostPaths: [" + paths + "]}}",
		"globex": "limits: {memory: 128Mi}",
	}}
}

func TestListedPathIsTheContainersAndNothingElse(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		s.tree(dir, "listed/sub/", "listed/readonly/", "listed/out>../secret", "secret/", "secret/name=secret", "readonly/")
		s.apply(listing(fmt.Sprintf("{path: %s/listed}, {path: %s/readonly, readOnly: true}", dir, dir)))
		for _, folder := range []string{"listed", "listed/sub"} {
			if got := s.says(s.with("acme", filepath.Join(dir, folder), "echo written > /d/file && cat /d/file", "rw")); got != "written" {
				s.Errorf("%s: it read %q", folder, got)
			}
			if text, err := os.ReadFile(filepath.Join(dir, folder, "file")); string(text) != "written\n" {
				s.Errorf("%s: on the node it is %q, %v", folder, text, err)
			}
		}

		const write = "touch /d/file 2>/dev/null && echo written || echo refused"
		readonly := s.with("acme", dir+"/readonly", write, "rw")
		if got := s.says(readonly); got != "refused" {
			s.Errorf("listed read-only: writing was %s", got)
		}
		if got := s.says(stock(readonly)); got != "written" {
			s.Errorf("the stock shim: writing was %s", got)
		}

		for source, want := range map[string]string{
			dir + "/listed/out":     "a file or a folder that is there, by a path without links",
			dir + "/listed/out/sub": "a file or a folder that is there, by a path without links",
			dir + "/secret":         "allow with security.exceptions.hostPaths: [{path: " + dir + "/secret}]",
			dir:                     "allow with security.exceptions.hostPaths: [{path: " + dir + "}]",
			"/":                     "refused by mounts: ",
		} {
			s.expectRefused(s.with("acme", source, "true"), want)
			s.expectRefused(s.with("globex", source, "true"), "refused by mounts: ")
		}
		if got := s.says(stock(s.with("acme", dir+"/listed/out", "cat /d/name"))); got != "secret" {
			s.Errorf("the stock shim showed %q behind the link", got)
		}
	})
}

// A file beside a compose file, as its secrets are.
func TestTenantHasItsOwnOfTheNodesPaths(t *testing.T) {
	onNewestEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		s.tree(dir, "acme/", "acme/password=of acme", "globex/", "globex/password=of globex")
		s.apply(node.Policy{
			Tenants: map[string]string{"acme": "limits: {memory: 128Mi}", "globex": "limits: {memory: 128Mi}"},
			Node:    "tenantPaths: [{path: '" + dir + "/{tenant}', readOnly: true}]",
		})
		for name, other := range map[string]string{"acme": "globex", "globex": "acme"} {
			own := s.with(name, filepath.Join(dir, name, "password"), "cat /d", "ro")
			if got := s.says(own); got != "of "+name {
				s.Errorf("%s reads %q", name, got)
			}
			s.expectRefused(s.with(name, filepath.Join(dir, other, "password"), "cat /d", "ro"), "refused by mounts: ")
		}
	})
}

// swapped is a folder below dir that is exchanged with a link to dir/secret, and
// back, until the test ends. It counts the exchanges.
func (s *stage) swapped(dir string) (path string, turns *atomic.Int64) {
	s.Helper()
	s.tree(dir, "listed/folder/", "listed/folder/name=own", "secret/", "secret/name=secret", "listed/link>../secret")
	path = dir + "/listed/folder"
	stop, done := make(chan struct{}), make(chan error, 1)
	turns = new(atomic.Int64)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, dir+"/listed/link", unix.RENAME_EXCHANGE); err != nil {
				done <- err
				return
			}
			turns.Add(1)
		}
	}()
	s.Cleanup(func() {
		close(stop)
		if err := <-done; err != nil {
			s.Error(err)
		}
	})
	return path, turns
}

// CVE-2021-30465, CVE-2023-0778: a container that may write to a folder exchanges
// what is in it for a link, after it was judged and before it is mounted.
func TestExchangedSourceNeverShowsTheNode(t *testing.T) {
	const starts = 20
	onEachEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		s.apply(listing("{path: " + dir + "/listed}"))
		path, turns := s.swapped(dir)
		started, refused := 0, 0
		for i := 0; i < starts || started*refused == 0; i++ {
			c, err := s.node.Run(s.ctx, s.with("acme", path, "cat /d/name"))
			if err != nil {
				if refused++; !strings.Contains(err.Error(), "a file or a folder that is there, by a path without links") {
					s.Fatalf("it was not refused, it failed: %v", err)
				}
				continue
			}
			started++
			_, err = c.Wait(s.ctx)
			s.must(err)
			s.must(c.Delete(s.ctx))
			if got := c.Stdout.String(); got != "own\n" {
				s.Errorf("it shows %q", got)
			}
		}
		s.Logf("%d saw their own folder, %d were refused, it was exchanged %d times", started, refused, turns.Load())
	})
}

// The same folder leads a container of the stock shim to the secret.
func TestStockShimFollowsAnExchangedSource(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		path, _ := s.swapped(s.TempDir())
		for s.says(stock(s.with("acme", path, "cat /d/name"))) != "secret" {
		}
	})
}

// dockers is a container whose root is where Docker would have mounted it, below
// a folder of its own.
func (s *stage) dockers(folder string, r node.Run) node.Run {
	s.Helper()
	root := folder + "/overlay2/layer/merged"
	if _, err := os.Lstat(root); err != nil {
		s.tree(root, "bin/")
		busybox, err := os.ReadFile(s.node.Engine.Busybox())
		s.must(err)
		s.must(os.WriteFile(root+"/bin/busybox", busybox, 0o755))
		s.must(os.Symlink("busybox", root+"/bin/sh"))
	}
	r.Spec = append(r.Spec, edit(func(spec *specs.Spec) { spec.Root.Path = root }))
	return r
}

func TestVolumeBelongsToTheTenantThatMountsItFirst(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		s.tree(dir, "volumes/data/_data/sub/", "volumes/other/_data/", "overlay2/")
		p := listing("")
		p.Node = "engineRoots: [" + dir + "]"
		s.apply(p)
		data, folder := dir+"/volumes/data/_data", dir+"/volumes/data"
		volume := func(tenant, source, script string) node.Run { return s.dockers(dir, s.with(tenant, source, script)) }
		owner := func() string {
			buf := make([]byte, 64)
			n, err := unix.Getxattr(folder, "trusted.bulkhead.tenant", buf)
			if err != nil {
				return err.Error()
			}
			return string(buf[:n])
		}

		// A container that is refused for something else makes it nobody's.
		refused := volume("acme", data, "true")
		refused.Spec = append(refused.Spec, oci.WithHostNamespace(specs.NetworkNamespace))
		s.expectRefused(refused, "refused by namespaces: ")
		if got := owner(); got != unix.ENODATA.Error() {
			s.Errorf("after a refusal it is of %q", got)
		}

		if got := s.says(volume("acme", data, "echo acme > /d/file; read x < /d/file; echo $x")); got != "acme" {
			s.Errorf("its owner read %q", got)
		}
		if got := owner(); got != "acme" {
			s.Errorf("it is of %q, want acme", got)
		}
		for _, source := range []string{data, data + "/sub"} {
			s.expectRefused(volume("globex", source, "true"), "a volume of another tenant")
			s.says(volume("acme", source, "read x < /d/file || true"))
		}
		s.says(volume("globex", dir+"/volumes/other/_data", "true"))
		s.expectRefused(volume("acme", dir+"/volumes/other/_data", "true"), "a volume of another tenant")
		if got := s.says(stock(volume("globex", data, "read x < /d/file; echo $x"))); got != "acme" {
			s.Errorf("the stock shim showed another tenant %q", got)
		}

		s.must(os.RemoveAll(folder)) // as `docker volume rm` does
		s.tree(folder, "_data/")
		s.says(volume("globex", data, "true"))
	})
}

// mount mounts until the test ends.
func (s *stage) mount(source, target, kind string, flags uintptr) {
	s.Helper()
	s.must(unix.Mount(source, target, kind, flags, ""))
	s.Cleanup(func() { s.must(unix.Unmount(target, unix.MNT_DETACH)) })
	s.must(unix.Mount("", target, "", unix.MS_SHARED, ""))
}

// systemd shares all mounts of a node: what is unmounted in one place is
// unmounted wherever it spread to.
func TestContainerAndNodeKeepTheirMountsWhereTheyAreShared(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		dir, run := s.TempDir(), s.node.Root().Path("/run")
		s.tree(dir, "listed/folder/below/")
		s.must(os.MkdirAll(run, 0o755))
		s.mount("bulkhead", run, "tmpfs", 0)
		s.mount(dir+"/listed", dir+"/listed", "", unix.MS_BIND)
		s.mount("bulkhead", dir+"/listed/folder/below", "tmpfs", 0)
		s.tree(dir, "listed/folder/name=own", "listed/folder/below/name=below")
		s.apply(listing("{path: " + dir + "/listed}"))
		there := func() []string { return slices.Concat(host.MountsBelow(run), host.MountsBelow(dir)) }
		before := there()

		c := s.start(s.with("acme", dir+"/listed/folder", "exec sleep 600"))
		p := c.exec(nil, "cat", "/d/name", "/d/below/name")
		if code := s.wait(p); code != 0 || p.Stdout.String() != "own\nbelow\n" {
			s.Errorf("the container sees %q: %s", p.Stdout, p.Stderr)
		}
		if text, err := os.ReadFile(dir + "/listed/folder/below/name"); string(text) != "below\n" {
			s.Errorf("the node sees %q, %v", text, err)
		}
		if after := there(); !slices.Equal(after, before) {
			s.Errorf("the node's mounts were %q and are %q", before, after)
		}
		c.delete()
		if after := there(); !slices.Equal(after, before) {
			s.Errorf("without the container the node's mounts are %q, before %q", after, before)
		}
	})
}

// The delegate's death takes the shim along while it mounts what was judged.
func TestKilledShimLeavesNoMount(t *testing.T) {
	for _, shared := range nodes {
		t.Run(shared.Engine.Name, func(t *testing.T) {
			onlyIfItMatters(t)
			dir := t.TempDir()
			deadly := shared.Engine
			deadly.Runc = filepath.Join(dir, "runc")
			seen, armed := filepath.Join(dir, "seen"), filepath.Join(dir, "armed")
			script := fmt.Sprintf("#!/bin/sh\nfor a; do\n\tif [ \"$a\" = create ] && [ -e %s ]; then cat /proc/self/mountinfo > %s; kill -9 $PPID; exit 1; fi\ndone\nexec %s \"$@\"\n",
				armed, seen, shared.Engine.Runc)
			if err := os.WriteFile(deadly.Runc, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			s := newStage(t, ownNode(t, deadly))
			s.tree(dir, "listed/folder/", "listed/folder/name=own")
			s.apply(listing("{path: " + dir + "/listed}"))
			r := s.with("acme", dir+"/listed/folder", "cat /d/name")
			if got := s.says(r); got != "own" {
				s.Errorf("it shows %q", got)
			}
			s.must(os.WriteFile(armed, nil, 0o600))
			if c, err := s.node.Run(s.ctx, r); err == nil {
				s.keep(c)
				s.Error("it started without its shim")
			}
			mounts, err := os.ReadFile(seen)
			s.must(err)
			if !strings.Contains(string(mounts), s.node.Root().Mounts()) {
				s.Error("nothing was mounted for the delegate: it proves nothing")
			}
			s.clean()
			if _, err := os.Stat(dir + "/listed/folder/name"); err != nil {
				s.Error(err)
			}
		})
	}
}
