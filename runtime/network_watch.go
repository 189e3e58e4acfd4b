package runtime

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Watch keeps up what stands around a running container's network: interfaces
// that the container is given later (`docker network connect`) get walls and
// limits of bandwidth, and it holds the guard that keeps them closed meanwhile.
type Watch struct {
	rt    *Runtime
	c     Caller
	ns    *os.File // the container's network namespace; nil: not its own
	mu    sync.Mutex
	guard *guard.Guard // guarded by mu; nil: none stands
	ended bool         // guarded by mu
}

// Watch is Plugged, with a guard, before anything of the container runs. Whoever
// calls it has to call Run, or End.
func (rt *Runtime) Watch(c Caller) (*Watch, error) {
	w := &Watch{rt: rt, c: c}
	if err := errors.Join(rt.plug(c, w), w.look()); err != nil {
		return nil, errors.Join(err, w.End())
	}
	return w, nil
}

// look opens the container's own network namespace, if it has one.
func (w *Watch) look() error {
	r, err := record.Load(w.rt.root, w.c.Scope(), w.c.ID)
	if err != nil || !r.Enforced {
		return err
	}
	if inside, ok := r.NetworkNamespace(); ok {
		w.ns, err = networkAt(r.Init(), inside)
	}
	return err
}

// Run watches until ctx ends, and then Ends. What failed is told, and watching
// goes on.
func (w *Watch) Run(ctx context.Context, failed func(error)) (err error) {
	defer func() { err = errors.Join(err, w.End()) }()
	if w.ns == nil {
		return nil
	}
	for ctx.Err() == nil { // the kernel ends a subscription that is not read fast enough
		if err := watchOnce(ctx, w.ns, func() bool {
			if err := w.rt.plug(w.c, w); err != nil && ctx.Err() == nil {
				failed(err)
				return false
			}
			return true
		}); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// What failed is tried once more after a time, each time a longer one: an interface
// may have been between two states, and nothing tells when it no longer is.
const soonest, latest = time.Second, time.Minute

// watchOnce calls changed after it began to look, and when interfaces of a
// namespace or their addresses have changed, many at once as one; and again where
// it reports that it failed.
func watchOnce(ctx context.Context, ns *os.File, changed func() bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	at := netns.NsHandle(ns.Fd())
	links, addresses := make(chan netlink.LinkUpdate), make(chan netlink.AddrUpdate)
	err := errors.Join(
		netlink.LinkSubscribeWithOptions(links, ctx.Done(), netlink.LinkSubscribeOptions{Namespace: &at}),
		netlink.AddrSubscribeWithOptions(addresses, ctx.Done(), netlink.AddrSubscribeOptions{Namespace: &at}))
	if err != nil {
		return err
	}
	pending := make(chan struct{}, 1)
	note := func() {
		select {
		case pending <- struct{}{}:
		default:
		}
	}
	go drain(links, note, stop)
	go drain(addresses, note, stop)
	note()
	again := soonest
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pending:
			if changed() {
				again = soonest
				continue
			}
			time.AfterFunc(again, note)
			again = min(2*again, latest)
		}
	}
}

// drain notes each update, and stops when the subscription has ended.
func drain[T any](updates <-chan T, note, stop func()) {
	defer stop()
	for range updates {
		note()
	}
}
