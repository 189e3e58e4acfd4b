package shim

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	eventstypes "github.com/containerd/containerd/api/events"
	"github.com/containerd/containerd/v2/core/events"
	ctrruntime "github.com/containerd/containerd/v2/core/runtime"
	ctrshim "github.com/containerd/containerd/v2/pkg/shim"
	"github.com/containerd/log"
	"github.com/opencontainers/cgroups"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

const (
	oomHold  = time.Second
	oomFirst = 4 * time.Millisecond // until the first look
)

// oomPublisher tells whose an out-of-memory event is. When a tenant meets its
// limit, the kernel of a cgroup v1 node notifies every cgroup below, and before
// the kill; upstream (containerd 2.4.2, pkg/oom/v1) publishes a TaskOOM for each
// notified container, and an engine then shows OOMKilled for innocent ones. So
// a TaskOOM is held until the container's own count of kills has risen, and is
// dropped when that does not happen within a second.
//
//   - A container's TaskOOM comes before the exit that it caused: engines ask at
//     the exit whether there was one. The count has risen by then, since the
//     kernel counts before it kills (mm/oom_kill.c, __oom_kill_process).
//     This holds also for a kill that the kernel notified of late, or not at all.
//   - A hold delays no other event.
//   - Each rise that is seen is one TaskOOM.
type oomPublisher struct {
	inner ctrshim.Publisher
	leaf  func(containerID string) (cgroupsPath string, ok bool)
	done  chan struct{} // closed by Close
	holds sync.WaitGroup

	mu      sync.Mutex
	watches map[string]*oomWatch // by container, until its TaskDelete; guarded by mu
	closed  bool                 // guarded by mu
}

// oomWatch is what is known of one container.
type oomWatch struct {
	id, leaf string

	mu      sync.Mutex // taken before the publisher's
	told    uint64     // kills when a TaskOOM was last published; guarded by mu
	until   time.Time  // when the hold ends, zero without one; guarded by mu
	waiting bool       // a goroutine looks after the hold; guarded by mu
}

// newOOMPublisher wraps a publisher. The leaf is a container's own cgroup; the
// events of a container without one pass as they come.
func newOOMPublisher(inner ctrshim.Publisher, leaf func(containerID string) (cgroupsPath string, ok bool)) ctrshim.Publisher {
	if cgroups.IsCgroup2UnifiedMode() {
		return inner // the kernel counts by container there, and upstream reads it
	}
	return &oomPublisher{inner: inner, leaf: leaf, done: make(chan struct{}), watches: map[string]*oomWatch{}}
}

// Publish publishes an event, or holds it if it is a TaskOOM.
func (p *oomPublisher) Publish(ctx context.Context, topic string, event events.Event) error {
	w := p.watch(event)
	if w == nil {
		return p.inner.Publish(ctx, topic, event)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, oom := event.(*eventstypes.TaskOOM); oom {
		return p.hold(ctx, w)
	}
	exit, exited := event.(*eventstypes.TaskExit)
	var err error
	if exited || !w.until.IsZero() {
		// A count that cannot be read held nothing.
		if risen, _ := w.risen(); risen {
			err = p.tell(ctx, w)
		}
	}
	if exited && exit.ID == exit.ContainerID {
		w.until = time.Time{} // no kill can follow
	}
	if _, deleted := event.(*eventstypes.TaskDelete); deleted {
		w.until = time.Time{}
		p.forget(w)
	}
	return errors.Join(err, p.inner.Publish(ctx, topic, event))
}

// Close decides what is held and closes the publisher.
func (p *oomPublisher) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.done)
	}
	p.mu.Unlock()
	p.holds.Wait()
	return p.inner.Close()
}

// watch returns the watch of an event's container, nil if it has no leaf.
func (p *oomPublisher) watch(event events.Event) *oomWatch {
	of, ok := event.(interface{ GetContainerID() string })
	if !ok {
		return nil
	}
	id := of.GetContainerID()
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.watches[id]; w != nil {
		return w
	}
	leaf, ok := p.leaf(id)
	if !ok {
		return nil
	}
	p.watches[id] = &oomWatch{id: id, leaf: leaf}
	return p.watches[id]
}

func (p *oomPublisher) forget(w *oomWatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watches, w.id)
}

// risen reports whether the kernel has killed in the container since the last
// TaskOOM. A cgroup that is gone has no kill that was not seen at its exit.
//
// Preconditions: w.mu is held.
func (w *oomWatch) risen() (bool, error) {
	kills, err := cgroup.OOMKills(w.leaf)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	risen := kills > w.told
	w.told = kills // may fall: a cgroup below the leaf goes with its count
	return risen, nil
}

// tell publishes a TaskOOM and ends the hold.
//
// Preconditions: w.mu is held.
func (p *oomPublisher) tell(ctx context.Context, w *oomWatch) error {
	w.until = time.Time{}
	return p.inner.Publish(ctx, ctrruntime.TaskOOMEventTopic, &eventstypes.TaskOOM{ContainerID: w.id})
}

// hold decides a TaskOOM at once where it can, else leaves it to a goroutine:
// upstream publishes from two, which must go on.
//
// Preconditions: w.mu is held.
func (p *oomPublisher) hold(ctx context.Context, w *oomWatch) error {
	risen, err := w.risen()
	if risen || err != nil { // or nobody knows: then as upstream does
		return p.tell(ctx, w)
	}
	w.until = time.Now().Add(oomHold)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.waiting && !p.closed {
		w.waiting = true
		p.holds.Go(func() { p.wait(context.WithoutCancel(ctx), w) })
	}
	return nil
}

// wait looks until the hold is decided or over. On cgroup v1 the kernel tells
// nobody of a kill. Looking ever less often keeps a tenant that is always out of
// memory from costing the node more than itself.
func (p *oomPublisher) wait(ctx context.Context, w *oomWatch) {
	for delay := oomFirst; ; delay = min(2*delay, oomHold/4) {
		last := false
		select {
		case <-time.After(delay):
		case <-p.done:
			last = true
		}
		if p.look(ctx, w, last) {
			return
		}
	}
}

// look reports whether the hold of a container has ended.
func (p *oomPublisher) look(ctx context.Context, w *oomWatch, last bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.until.IsZero() {
		risen, err := w.risen()
		switch {
		case risen:
			err = p.tell(ctx, w)
		case last || time.Now().After(w.until):
			w.until = time.Time{}
		}
		if err != nil {
			log.G(ctx).WithError(err).Error("attribute an OOM event")
		}
	}
	w.waiting = !w.until.IsZero()
	return !w.waiting
}
