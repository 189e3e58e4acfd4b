package integration

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// cached is the working set of a container here: page cache, which the kernel
// takes back first when memory is short.
const cached = 64 << 20

// reader is a container that has read a file of its own, and holds nothing but
// its page cache.
func (s *stage) reader(tenant string) *container {
	s.Helper()
	r := s.sleeper(tenant)
	r.Args = []string{"sh", "-c", "dd if=/dev/zero of=/file bs=1M count=64 && sync && cat /file >/dev/null && echo read it && exec sleep 600"}
	c := s.start(r)
	if _, err := c.Stdout.Line(s.ctx, "read it"); err != nil {
		s.Fatalf("%v; on standard error: %s", err, c.Stderr)
	}
	if has := s.cacheOf(c); has < cached*9/10 {
		s.Fatalf("%s has %d of page cache after it read %d", c.ID, has, cached)
	}
	return c
}

func (s *stage) cacheOf(c *container) int64 {
	s.Helper()
	n, err := host.MemoryStat.Counter(c.Pid(), 0, "file")
	s.must(err)
	return n
}

// press takes memory in a container, step by step, until done. It stops when
// the container was killed.
func (s *stage) press(r node.Run, step, most int, done func() bool) (taken int) {
	s.Helper()
	input, lines := io.Pipe()
	r.Args, r.Stdin = []string{"probe", "grow", fmt.Sprint(step)}, input
	c := s.start(r)
	defer lines.Close()
	for taken < most && !done() {
		if _, err := io.WriteString(lines, "more\n"); err != nil {
			s.Fatal(err)
		}
		taken += step
		err := node.Await(s.ctx, func() bool {
			return strings.Contains(c.Stdout.String(), fmt.Sprintf("grown %d\n", taken)) || !host.Alive(c.Pid()) || done()
		})
		s.must(err)
		if !host.Alive(c.Pid()) {
			return taken
		}
	}
	return taken
}

// onV2 runs a test on the newest engine, where the node has what it needs.
func onV2(t *testing.T, p node.Policy, test func(*stage)) {
	t.Helper()
	if !host.V2() {
		t.Skip("cgroup v1 protects no memory: make test-vm")
	}
	s := newStage(t, nodes[len(nodes)-1])
	s.apply(p)
	test(s)
}

// The node itself runs short of memory because of a third tenant.
func TestRequestedMemoryStaysUnderTheNodesPressure(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "requests: {memory: 128Mi}", "globex": "", "initech": ""}}
	onV2(t, p, func(s *stage) {
		kept, control := s.reader("acme"), s.reader("globex")
		taken := s.press(s.sleeper("initech"), 32, 4096, func() bool { return s.cacheOf(control) < cached/4 })
		if has := s.cacheOf(control); has >= cached/4 {
			s.Fatalf("the control still has %d of its page cache after %d MiB were taken", has, taken)
		}
		if has := s.cacheOf(kept); has < cached*9/10 {
			s.Errorf("of a requested working set of %d are left %d", cached, has)
		}
	})
}

// A parent tenant runs short of memory: the same reclaim, in one place.
func TestAnIdleTenantIsReclaimedFirst(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{
		"research": "limits: {memory: 256Mi}",
		"acme":     "parent: research\nlimits: {memory: 128Mi}",
		"globex":   "parent: research\npriority: Idle",
		"initech":  "parent: research",
	}}
	onV2(t, p, func(s *stage) {
		normal, idle := s.reader("acme"), s.reader("globex")
		s.press(s.sleeper("initech"), 8, 256, func() bool { return s.cacheOf(idle) < cached/4 })
		if n, i := s.cacheOf(normal), s.cacheOf(idle); i >= cached/4 || n < cached*9/10 {
			s.Errorf("of %d each the normal tenant has %d left and the idle one %d", cached, n, i)
		}
	})
}
