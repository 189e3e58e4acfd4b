package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// neighbours are two tenants without a limit that matters here.
var neighbours = node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 512Mi}", "globex": "limits: {memory: 512Mi}"}}

// shareable are the namespaces that a container may share with another of its
// tenant, by the names that they have in /proc/<pid>/ns. For the user namespace
// see TestPodWithAUserNamespaceAdoptsAndJoinsIt.
var shareable = map[specs.LinuxNamespaceType]string{
	specs.NetworkNamespace: "net", specs.PIDNamespace: "pid", specs.IPCNamespace: "ipc",
	specs.UTSNamespace: "uts", specs.CgroupNamespace: "cgroup",
}

// at puts the container into the namespace at a path.
func at(kind specs.LinuxNamespaceType, path string) oci.SpecOpts {
	return oci.WithLinuxNamespace(specs.LinuxNamespace{Type: kind, Path: path})
}

// sharing is a sleeper in the namespace at a path.
func (s *stage) sharing(tenant string, kind specs.LinuxNamespaceType, path string) node.Run {
	r := s.sleeper(tenant)
	r.Spec = []oci.SpecOpts{at(kind, path)}
	return r
}

func inProc(pid int, file string) string { return fmt.Sprintf("/proc/%d/ns/%s", pid, file) }

func TestNamespacesOfTheSameTenantAreJoined(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		own := s.sleeper("acme")
		own.Spec = []oci.SpecOpts{at(specs.CgroupNamespace, "")}
		first := s.start(own)
		all := s.sleeper("acme")
		for kind, file := range shareable {
			one := s.start(s.sharing("acme", kind, inProc(first.Pid(), file)))
			if got, want := s.posture(one.Process).Namespaces, s.posture(first.Process).Namespaces; got[file] != want[file] {
				s.Errorf("%s: it is in %s, want the first container's, %s", kind, got[file], want[file])
			}
			if kind != specs.PIDNamespace { // ends with its first process
				all.Spec = append(all.Spec, at(kind, inProc(first.Pid(), file)))
			}
		}
		both := s.start(all)
		first.delete() // the namespaces live on in the others
		last := s.start(s.sharing("acme", specs.NetworkNamespace, inProc(both.Pid(), "net")))
		exec := s.posture(last.exec(nil, "sleep", "600"))
		if got, want := exec.Namespaces["net"], s.posture(both.Process).Namespaces["net"]; got != want {
			s.Errorf("an exec is in %s, want the one that its container joined, %s", got, want)
		}
	})
}

func TestCrunJoinsTheNamespaceThatWasJudged(t *testing.T) {
	if _, err := exec.LookPath("crun"); err != nil || !host.V2() {
		t.Skip("needs crun, which refuses hybrid cgroups (1.8.1): make test-vm")
	}
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "delegate: crun"}}, func(s *stage) {
		first := s.start(s.sleeper("acme"))
		r := s.sleeper("acme")
		for _, kind := range []specs.LinuxNamespaceType{specs.NetworkNamespace, specs.PIDNamespace, specs.IPCNamespace} {
			r.Spec = append(r.Spec, at(kind, inProc(first.Pid(), shareable[kind])))
		}
		second := s.start(r)
		want := s.posture(first.Process).Namespaces
		for _, p := range []*node.Process{second.Process, second.exec(nil, "sleep", "600")} {
			got := s.posture(p).Namespaces
			for _, file := range []string{"net", "pid", "ipc"} {
				if got[file] != want[file] {
					s.Errorf("it is in %s, want the first container's, %s", got[file], want[file])
				}
			}
		}
	})
}

// foreign are paths to namespaces that a container of globex may not have, of the
// host and of a container of acme, by every name that they can have.
func (s *stage) foreign(other *container) map[string]node.Run {
	s.Helper()
	dir := s.TempDir()
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		s.must(os.Symlink(target, path))
		return path
	}
	mounted := func(name, target string) string { return s.mountNamespace(filepath.Join(dir, name), target) }
	net := func(path string) node.Run { return s.sharing("globex", specs.NetworkNamespace, path) }
	all := map[string]node.Run{
		"the host's":                                 net(inProc(os.Getpid(), "net")),
		"the host's as the shim's own":               net("/proc/self/ns/net"),
		"the host's by a thread":                     net(fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), os.Getpid())),
		"the host's by another way":                  net(fmt.Sprintf("/proc/self/root/proc/%d/ns/../ns/net", os.Getpid())),
		"the host's by a link":                       net(link("host", inProc(os.Getpid(), "net"))),
		"the host's by a mount":                      net(mounted("mounted-host", inProc(os.Getpid(), "net"))),
		"another tenant's by a link":                 net(link("other", inProc(other.Pid(), "net"))),
		"another tenant's by a mount":                net(mounted("mounted-other", inProc(other.Pid(), "net"))),
		"another tenant's by the root of its own":    net(fmt.Sprintf("/proc/%d/root/proc/1/ns/net", other.Pid())),
		"another tenant's, by a file that is opened": net(s.opened(inProc(other.Pid(), "net"))),
	}
	for kind, file := range shareable {
		all["another tenant's "+file] = s.sharing("globex", kind, inProc(other.Pid(), file))
	}
	return all
}

// mountNamespace mounts a namespace at a new path until the test ends.
func (s *stage) mountNamespace(path, namespace string) string {
	s.Helper()
	s.must(os.WriteFile(path, nil, 0o600))
	s.must(syscall.Mount(namespace, path, "", syscall.MS_BIND, ""))
	s.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			s.Error(err)
		}
	})
	return path
}

// opened names a namespace by a file that this process has open.
func (s *stage) opened(namespace string) string {
	s.Helper()
	file, err := os.Open(namespace)
	s.must(err)
	s.Cleanup(func() { file.Close() })
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())
}

// theirs is a container of acme that lasts through the steps of a test, whose
// traces would change while its delegate's process becomes its own.
func (s *stage) theirs() *container {
	s.Helper()
	r := s.sleeper("acme")
	r.Spec = []oci.SpecOpts{at(specs.CgroupNamespace, "")}
	c := s.start(r)
	s.must(node.Await(s.ctx, func() bool { return host.Command(c.Pid()) == strings.Join(r.Args, " ") }))
	return c
}

// expectRefused expects that a container does not start, and why.
func (s *stage) expectRefused(r node.Run, want string) {
	s.Helper()
	c, err := s.node.Run(s.ctx, r)
	if err == nil {
		s.keep(c)
	}
	expectRefusal(s, err, want)
}

func TestForeignNamespacesAreRefusedByEveryName(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		for name, r := range s.foreign(s.theirs()) {
			want := "is a namespace that is not this tenant's, want a new one, or that of a running container of the same tenant; nothing allows this"
			if strings.HasPrefix(name, "the host's") {
				want = "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]"
			}
			s.step(name, func(s *stage) { s.expectRefused(r, want) })
		}
		s.step("what is no namespace", func(s *stage) {
			s.expectRefused(s.sharing("globex", specs.NetworkNamespace, "/dev/null"), "is a namespace that is not this tenant's")
		})
	})
}

func TestStockShimJoinsForeignNamespacesByEveryName(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		other := s.theirs()
		here, err := host.PostureOf(os.Getpid())
		s.must(err)
		theirs := s.posture(other.Process).Namespaces
		for name, r := range s.foreign(other) {
			s.step(name, func(s *stage) {
				file, want := "net", here.Namespaces
				if !strings.HasPrefix(name, "the host's") {
					want = theirs
					if last := filepath.Base(strings.ReplaceAll(name, " ", "/")); theirs[last] != "" {
						file = last
					}
				}
				if got := s.posture(s.start(stock(r)).Process).Namespaces[file]; got != want[file] {
					s.Errorf("it is in %s, want %s", got, want[file])
				}
			})
		}
	})
}

// A mount namespace is never joined: runc would work there as the host's root.
func TestMountsAreNotSharedWithinATenant(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		first := s.start(s.sleeper("acme"))
		s.expectRefused(s.sharing("acme", specs.MountNamespace, inProc(first.Pid(), "mnt")),
			"refused by namespaces: linux.namespaces[mount].path is set, want a new one; nothing allows this")
	})
}

// exchanged is a link that leads to the one and to the other path in turn, until
// the test ends. It counts the turns.
func (s *stage) exchanged(one, other string) (link string, turns *atomic.Int64) {
	s.Helper()
	dir := s.TempDir()
	link = filepath.Join(dir, "link")
	s.must(os.Symlink(one, link))
	stop, done := make(chan struct{}), make(chan error, 1)
	turns = new(atomic.Int64)
	go func() {
		next := filepath.Join(dir, "next")
		for {
			for _, target := range []string{other, one} {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if err := os.Symlink(target, next); err != nil {
					done <- err
					return
				}
				if err := os.Rename(next, link); err != nil {
					done <- err
					return
				}
				turns.Add(1)
			}
		}
	}()
	s.Cleanup(func() {
		close(stop)
		if err := <-done; err != nil {
			s.Error(err)
		}
	})
	return link, turns
}

// A path that leads elsewhere by the time that the delegate opens it leads the
// delegate to what was judged.
func TestExchangedPathLeadsNowhereElse(t *testing.T) {
	const starts = 30
	onEachEngine(t, neighbours, func(s *stage) {
		own, foreign := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		link, turns := s.exchanged(inProc(own.Pid(), "net"), inProc(foreign.Pid(), "net"))
		want := s.posture(own.Process).Namespaces["net"]
		joined, refused := 0, 0
		for i := 0; i < starts || joined*refused == 0; i++ {
			c, err := s.node.Run(s.ctx, s.sharing("acme", specs.NetworkNamespace, link))
			if err != nil {
				if refused++; !strings.Contains(err.Error(), "is a namespace that is not this tenant's") {
					s.Fatalf("it was not refused, it failed: %v", err)
				}
				continue
			}
			joined++
			if got := s.posture(c.Process).Namespaces["net"]; got != want {
				s.Errorf("it is in %s, want its own tenant's, %s", got, want)
			}
			s.must(c.Delete(s.ctx))
		}
		s.Logf("%d joined their own tenant's network, %d were refused, the link was turned %d times", joined, refused, turns.Load())
	})
}

// The same link leads a container of the stock shim to both networks.
func TestStockShimFollowsAnExchangedPath(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		own, foreign := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		link, _ := s.exchanged(inProc(own.Pid(), "net"), inProc(foreign.Pid(), "net"))
		want := s.posture(foreign.Process).Namespaces["net"]
		for {
			c, err := s.node.Run(s.ctx, stock(s.sharing("acme", specs.NetworkNamespace, link)))
			s.must(err)
			got := s.posture(c.Process).Namespaces["net"]
			s.must(c.Delete(s.ctx))
			if got == want {
				return
			}
		}
	})
}

// A delegate that puts a container into another namespace than it was told is
// noticed, and the container never starts.
func TestContainerInAnotherNamespaceThanWasJudgedDoesNotStart(t *testing.T) {
	for _, shared := range nodes {
		t.Run(shared.Engine.Name, func(t *testing.T) {
			onlyIfItMatters(t)
			dir := t.TempDir()
			misled := shared.Engine
			misled.Runc = filepath.Join(dir, "runc")
			target := filepath.Join(dir, "target") // the path that it opens instead, once it is there
			script := fmt.Sprintf(`#!/bin/sh
bundle=
for a; do [ "$last" = --bundle ] && bundle=$a; last=$a; done
if [ -n "$bundle" ] && [ -e %[1]s ]; then
	sed -i "s#/proc/\./[0-9]*/fd/[0-9]*#$(cat %[1]s)#" "$bundle/config.json"
fi
exec %[2]s "$@"
`, target, shared.Engine.Runc)
			if err := os.WriteFile(misled.Runc, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			s := newStage(t, ownNode(t, misled))
			s.apply(neighbours)
			own, foreign := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
			r := s.sharing("acme", specs.NetworkNamespace, inProc(own.Pid(), "net"))
			s.start(r) // with a delegate that does as it is told

			s.must(os.WriteFile(target, []byte(inProc(foreign.Pid(), "net")), 0o600))
			s.expectRefused(r, "the delegate gave the container another network namespace than it was told")
			s.must(os.Remove(target))
		})
	}
}
