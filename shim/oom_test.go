package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/cgroups/v3/cgroup1"
	eventstypes "github.com/containerd/containerd/api/events"
	"github.com/containerd/containerd/v2/core/events"
	ctrruntime "github.com/containerd/containerd/v2/core/runtime"
	oomv1 "github.com/containerd/containerd/v2/pkg/oom/v1"
	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// recorder stands for containerd: it remembers what is published, as
// "oom guilty" or "exit guilty/guilty".
type recorder struct {
	next  ctrshim.Publisher // nil: nowhere
	seen  chan string
	mu    sync.Mutex
	all   []string // guarded by mu
	ended bool     // guarded by mu
}

func newRecorder(next ctrshim.Publisher) *recorder {
	return &recorder{next: next, seen: make(chan string, 100)}
}

func (r *recorder) Publish(ctx context.Context, topic string, event events.Event) error {
	line := topic
	switch e := event.(type) {
	case *eventstypes.TaskOOM:
		line = "oom " + e.ContainerID
	case *eventstypes.TaskExit:
		line = "exit " + e.ContainerID + "/" + e.ID
	case *eventstypes.TaskPaused:
		line = "paused " + e.ContainerID
	case *eventstypes.TaskDelete:
		line = "delete " + e.ContainerID
	}
	r.mu.Lock()
	r.all = append(r.all, line)
	r.mu.Unlock()
	r.seen <- line
	if r.next == nil {
		return nil
	}
	return r.next.Publish(ctx, topic, event)
}

func (r *recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return nil
}

func (r *recorder) expect(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.all, want) {
		t.Errorf("published %q, want %q", r.all, want)
	}
}

// node is a tenant with a memory limit of 64 MiB and containers without one.
type node struct {
	t      *testing.T
	tenant string // cgroup
}

func newNode(t *testing.T) node {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes cgroups")
	}
	if cgroups.IsCgroup2UnifiedMode() {
		t.Skip("needs cgroup v1 or hybrid")
	}
	root := tenant.Root(t.TempDir())
	p := &tenant.Policy{Name: "acme", Limits: tenant.Limits{MemoryBytes: new(int64(64 << 20)), Pids: 100}}
	tree := cgroup.New(root, nil)
	place, err := tree.Place(p)
	if err == nil {
		err = tree.Ensure(&cgroup.Tenant{Policy: p})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Release(place); err != nil {
			t.Error(err)
		}
	})
	return node{t, place}
}

func (n node) leaf(id string) (string, bool) { return n.tenant + "/test." + id + ".c", id != "unknown" }

func (n node) container(id string) cgroups.Manager {
	n.t.Helper()
	path, _ := n.leaf(id)
	m, err := manager.New(&cgroups.Cgroup{Path: path, Resources: &cgroups.Resources{}})
	if err != nil {
		n.t.Fatal(err)
	}
	if err := m.Apply(-1); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		if err := m.Destroy(); err != nil {
			n.t.Error(err)
		}
	})
	return m
}

// allocate lets a process of a container take memory, and reports whether the
// kernel killed it for that.
func (n node) allocate(m cgroups.Manager, mebibytes int) (killed bool) {
	n.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", fmt.Sprintf("read go; exec dd if=/dev/zero of=/dev/null bs=%dM count=1", mebibytes))
	gate, err := cmd.StdinPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	if err := m.Apply(cmd.Process.Pid); err != nil {
		n.t.Error(err)
	}
	gate.Write([]byte("go\n"))
	var exit *exec.ExitError
	return errors.As(cmd.Wait(), &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

func (n node) kill(m cgroups.Manager) {
	n.t.Helper()
	if !n.allocate(m, 96) {
		n.t.Fatal("96 MiB below 64 MiB were not killed")
	}
}

func publishOOM(t *testing.T, p ctrshim.Publisher, id string) {
	t.Helper()
	publish(t, p, ctrruntime.TaskOOMEventTopic, &eventstypes.TaskOOM{ContainerID: id})
}

func publish(t *testing.T, p ctrshim.Publisher, topic string, event events.Event) {
	t.Helper()
	if err := p.Publish(t.Context(), topic, event); err != nil {
		t.Error(err)
	}
}

// The whole way: upstream's watcher, the kernel's notifications, our decision.
func TestOOMOfATenantIsReportedForTheContainerThatWasHit(t *testing.T) {
	n := newNode(t)
	guilty, innocent := n.container("guilty"), n.container("innocent")
	engine := newRecorder(nil)
	held := newOOMPublisher(engine, n.leaf)
	upstream := newRecorder(held)
	watcher, err := oomv1.New(upstream)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"guilty", "innocent"} {
		path, _ := n.leaf(id)
		cg, err := cgroup1.Load(cgroup1.StaticPath(path))
		if err != nil {
			t.Fatal(err)
		}
		if err := watcher.Add(id, cg); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go watcher.Run(ctx)

	if n.allocate(innocent, 16) {
		t.Fatal("16 MiB below 64 MiB were killed")
	}
	n.kill(guilty)
	notified := []string{<-upstream.seen, <-upstream.seen}
	slices.Sort(notified)
	if want := []string{"oom guilty", "oom innocent"}; !slices.Equal(notified, want) {
		t.Fatalf("upstream saw %q, want %q: nothing to tell apart", notified, want)
	}
	<-engine.seen
	n.kill(guilty)
	<-engine.seen
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	engine.expect(t, "oom guilty", "oom guilty")
}

func TestAnOOMThatComesBeforeTheKillIsHeldUntilIt(t *testing.T) {
	n := newNode(t)
	m := n.container("a")
	engine := newRecorder(nil)
	p := newOOMPublisher(engine, n.leaf)
	publishOOM(t, p, "a")
	engine.expect(t)
	n.kill(m)
	<-engine.seen
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	engine.expect(t, "oom a")
}

func TestAnOOMIsPublishedOnceAndBeforeTheExitThatItCaused(t *testing.T) {
	n := newNode(t)
	exit := func(id, process string) *eventstypes.TaskExit {
		return &eventstypes.TaskExit{ContainerID: id, ID: process}
	}
	for name, before := range map[string]bool{"notified before the exit": true, "notified after the exit": false} {
		t.Run(name, func(t *testing.T) {
			n := node{t, n.tenant}
			m := n.container("a")
			engine := newRecorder(nil)
			p := newOOMPublisher(engine, n.leaf)
			if before {
				publishOOM(t, p, "a")
			}
			n.kill(m)
			publish(t, p, ctrruntime.TaskExitEventTopic, exit("a", "exec"))
			publish(t, p, ctrruntime.TaskExitEventTopic, exit("a", "a"))
			publishOOM(t, p, "a")
			publish(t, p, ctrruntime.TaskDeleteEventTopic, &eventstypes.TaskDelete{ContainerID: "a"})
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			engine.expect(t, "oom a", "exit a/exec", "exit a/a", "delete a")
		})
	}
}

func TestAnExitWithoutAKillReportsNoOOM(t *testing.T) {
	n := newNode(t)
	n.container("a")
	engine := newRecorder(nil)
	p := newOOMPublisher(engine, n.leaf)
	publishOOM(t, p, "a")
	publish(t, p, ctrruntime.TaskExitEventTopic, &eventstypes.TaskExit{ContainerID: "a", ID: "a"})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	engine.expect(t, "exit a/a")
}

// In a bubble time passes when nobody has anything to do, and the test fails if
// a goroutine is left.
func TestAHoldEndsAfterASecondAndDelaysNothing(t *testing.T) {
	n := newNode(t)
	a := n.container("a")
	n.container("b")
	synctest.Test(t, func(t *testing.T) {
		engine := newRecorder(nil)
		p := newOOMPublisher(engine, n.leaf)
		began := time.Now()
		publishOOM(t, p, "a")
		for _, id := range []string{"b", "a"} {
			publish(t, p, ctrruntime.TaskPausedEventTopic, &eventstypes.TaskPaused{ContainerID: id})
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a hold delayed other events by %v", waited)
		}
		p.(*oomPublisher).holds.Wait()
		if held := time.Since(began); held < oomHold || held > oomHold+oomHold/10 {
			t.Errorf("held for %v, want a second", held)
		}
		engine.expect(t, "paused b", "paused a")

		// The next notification starts anew.
		publishOOM(t, p, "a")
		node{t, n.tenant}.kill(a)
		p.(*oomPublisher).holds.Wait()
		engine.expect(t, "paused b", "paused a", "oom a")
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseEndsHoldsAndTheInnerPublisher(t *testing.T) {
	n := newNode(t)
	n.container("a")
	synctest.Test(t, func(t *testing.T) {
		engine := newRecorder(nil)
		p := newOOMPublisher(engine, n.leaf)
		publishOOM(t, p, "a")
		began := time.Now()
		for range 2 { // upstream's service and its shim each close
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		if waited := time.Since(began); waited != 0 || !engine.ended {
			t.Errorf("closed %v after %v", engine.ended, waited)
		}
		publishOOM(t, p, "a") // no hold after the end
		engine.expect(t)
	})
}

func TestAnOOMThatCannotBeAttributedPasses(t *testing.T) {
	n := newNode(t)
	engine := newRecorder(nil)
	unreadable := func(id string) (string, bool) { return "/cgroup.procs/" + id, id != "unknown" }
	p := newOOMPublisher(engine, unreadable)
	publishOOM(t, p, "unknown")
	publishOOM(t, p, "a")
	publish(t, p, ctrruntime.TaskExitEventTopic, &eventstypes.TaskExit{ContainerID: "a", ID: "a"})
	engine.expect(t, "oom unknown", "oom a", "exit a/a")

	gone := newOOMPublisher(newRecorder(nil), n.leaf)
	publishOOM(t, gone, "removed")
	if err := errors.Join(p.Close(), gone.Close()); err != nil {
		t.Fatal(err)
	}
	gone.(*oomPublisher).inner.(*recorder).expect(t)
}

func TestPublishersOfManyGoroutinesKeepTheOrderOfAContainer(t *testing.T) {
	n := newNode(t)
	engine := newRecorder(nil)
	p := newOOMPublisher(engine, n.leaf)
	var all sync.WaitGroup
	var ids []string
	for i := range 4 {
		id := fmt.Sprint("c", i)
		ids = append(ids, id)
		m := n.container(id)
		all.Go(func() {
			for range 20 {
				publishOOM(t, p, id)
			}
		})
		all.Go(func() {
			n.allocate(m, 96)
			publish(t, p, ctrruntime.TaskExitEventTopic, &eventstypes.TaskExit{ContainerID: id, ID: id})
		})
	}
	all.Wait()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		var of []string
		for _, line := range engine.all {
			if line == "oom "+id || line == "exit "+id+"/"+id {
				of = append(of, line)
			}
		}
		if want := []string{"oom " + id, "exit " + id + "/" + id}; !slices.Equal(of, want) {
			t.Errorf("%s: got %q, want %q", id, of, want)
		}
	}
}
