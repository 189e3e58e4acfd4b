package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// The limit of the tests below, and what each writer writes: two seconds' worth.
const (
	rateMi  = 4
	writeMi = 2 * rateMi
)

// A disk is one that containers write to.
type disk struct {
	device       string // as the policy names it
	major, minor uint32
	folder       string         // inside of a container
	spec         []oci.SpecOpts // that puts it there
}

// disk is the VM's blank one, or else the one below the node's folder, where
// containers' root filesystems are.
func (s *stage) disk() disk {
	s.Helper()
	d := disk{device: s.node.Dir(), folder: "/tmp"}
	if blank := host.Disk("bulkhead-io"); blank != "" {
		at := s.mounted(blank)
		d = disk{device: at, folder: "/disk", spec: []oci.SpecOpts{oci.WithMounts([]specs.Mount{
			{Type: "bind", Source: at, Destination: "/disk", Options: []string{"bind", "rw"}},
		})}}
	}
	var err error
	if d.major, d.minor, err = cgroup.Disk(d.device); err != nil {
		s.Skipf("no disk to write to: %v", err)
	}
	return d
}

// mounted makes a filesystem on a disk, one in which each file's writes are
// counted to who wrote them, and mounts it until the test ends.
func (s *stage) mounted(device string) string {
	s.Helper()
	out, err := exec.Command(s.node.Engine.Busybox(), "mke2fs", "-F", device).CombinedOutput()
	if err != nil {
		s.Fatalf("make a filesystem: %v: %s", err, out)
	}
	at := filepath.Join(s.node.Dir(), "disk")
	s.must(os.MkdirAll(at, 0o755))
	s.must(unix.Mount(device, at, "ext4", 0, ""))
	s.Cleanup(func() { s.must(unix.Unmount(at, 0)) })
	return at
}

// bounded is a policy in which acme writes so fast, and globex as it likes.
func (d disk) bounded() node.Policy {
	limit := fmt.Sprintf("limits: {blockIO: [{device: %s, writeBytesPerSecond: %dMi}]}\n", d.device, rateMi)
	return node.Policy{Tenants: map[string]string{"acme": limit + d.listed(), "globex": d.listed()}}
}

// listed is the part of a tenant's policy that lets it have the disk.
func (d disk) listed() string {
	if d.spec == nil {
		return ""
	}
	return fmt.Sprintf("security: {exceptions: {hostPaths: [{path: %s}]}}", d.device)
}

func (d disk) number() string { return fmt.Sprintf("%d:%d", d.major, d.minor) }

func TestBlockIOLimitIsInTheCgroupThatHoldsIt(t *testing.T) {
	onNewestEngine(t, acme, func(s *stage) {
		d := s.disk()
		s.needsThrottles()
		s.apply(d.bounded())
		c, neighbour := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		want := map[bool]string{
			false: fmt.Sprintf("%s %d", d.number(), rateMi<<20),
			true:  fmt.Sprintf("%s rbps=max wbps=%d riops=max wiops=max", d.number(), rateMi<<20),
		}[host.V2()]
		// On cgroup v1 a throttle does not bind what is below: each container has it.
		if got := s.throttles(c); got != want {
			s.Errorf("acme's throttle is %q, want %q", got, want)
		}
		if got := s.throttles(neighbour); got != "" {
			s.Errorf("globex's throttle is %q, want none", got)
		}
		s.apply(node.Policy{Tenants: map[string]string{"acme": d.listed(), "globex": d.listed()}})
		if got := s.throttles(c); got != "" {
			s.Errorf("acme's throttle is %q after the limit was lifted, want none", got)
		}
		s.apply(d.bounded())
		if got := s.throttles(c); got != want {
			s.Errorf("acme's throttle is %q after the limit was set, want %q", got, want)
		}
	})
}

// throttles are the limits of writing of the cgroup that carries them.
func (s *stage) throttles(c *container) string {
	s.Helper()
	up := 0
	if host.V2() {
		up = 1
	}
	text, err := host.Throttles.Read(c.Pid(), up)
	s.must(err)
	return text
}

func (s *stage) needsThrottles() {
	s.Helper()
	if _, err := os.Stat(host.Hierarchies + "/blkio/" + host.Throttles.V1); err != nil && !host.V2() {
		s.Skipf("the kernel does not throttle disks: %v", err)
	}
}

func TestTenantWritesNoFasterThanItsLimit(t *testing.T) {
	onNewestEngine(t, acme, func(s *stage) {
		d := s.disk()
		s.needsThrottles()
		s.apply(d.bounded())
		ways := []string{"direct"}
		if host.V2() {
			ways = append(ways, "buffered") // which cgroup v1 does not see
		}
		for _, way := range ways {
			bounded, atWill := s.write(d, "acme", way), s.write(d, "globex", way)
			if bounded > 1.25*rateMi {
				s.Errorf("%s: acme wrote %.1f MiB a second, want at most %d", way, bounded, rateMi)
			}
			if atWill < 2*rateMi {
				s.Errorf("%s: globex wrote %.1f MiB a second without a limit, want at least %d: the test tells nothing", way, atWill, 2*rateMi)
			}
		}
	})
}

// write is how many MiB a second reached the disk, as the kernel counts.
func (s *stage) write(d disk, tenant, way string) float64 {
	s.Helper()
	r := s.prober(tenant, "write", fmt.Sprint(writeMi), way, d.folder+"/"+tenant+"-"+way)
	r.Spec = d.spec
	c := s.start(r)
	took := time.Duration(s.number(c.Process, "milliseconds")) * time.Millisecond
	written := s.written(c, d)
	if written < writeMi<<20 {
		s.Errorf("%s: %s wrote %d MiB, of which the kernel counts %d bytes on %s", way, tenant, writeMi, written, d.number())
	}
	c.delete()
	return float64(written) / mi / took.Seconds()
}

// written is what a container wrote to a disk so far, bytes.
func (s *stage) written(c *container, d disk) (bytes int64) {
	s.Helper()
	text, err := host.IOStat.Read(c.Pid(), 0)
	s.must(err)
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, d.number()+" "); ok {
			if _, after, ok := strings.Cut(rest, "wbytes="); ok { // cgroup v2
				rest = "Write " + after
			}
			if _, err := fmt.Sscanf(rest, "Write %d", &bytes); err == nil {
				return bytes
			}
		}
	}
	return 0
}
