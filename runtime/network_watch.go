package runtime

import (
	"context"
	"errors"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// WatchNetwork raises walls around interfaces that a running container is given
// later (`docker network connect`), and bounds them, until ctx ends. It holds the container's
// network namespace meanwhile. What failed is told, and watching goes on.
func (rt *Runtime) WatchNetwork(ctx context.Context, c Caller, failed func(error)) error {
	r, err := record.Load(rt.root, c.Scope(), c.ID)
	if err != nil || !r.Enforced {
		return err
	}
	inside, ok := r.NetworkNamespace()
	if !ok {
		return nil
	}
	ns, err := networkAt(r.Init(), inside)
	if err != nil {
		return err
	}
	defer ns.Close()
	for ctx.Err() == nil { // the kernel ends a subscription that is not read fast enough
		if err := watchOnce(ctx, ns, func() {
			if err := rt.Plugged(c); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// watchOnce calls changed after it began to look, and when interfaces of a
// namespace or their addresses have changed, many at once as one.
func watchOnce(ctx context.Context, ns *os.File, changed func()) error {
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
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pending:
			changed()
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
