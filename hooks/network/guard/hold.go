package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Guard is one that stands, and that this process owns.
type Guard struct {
	conn *nft.Conn
	raw  bool
	has  Facts
}

// Raise puts a guard into a network namespace. One that nobody owns any longer
// is replaced, one that another process owns is an error.
func Raise(ns *os.File, f Facts) (*Guard, error) {
	g := &Guard{has: f}
	err := namespace.In(int(ns.Fd()), func() (err error) {
		if g.conn, err = nft.Dial(); err != nil {
			return err
		}
		return g.raise(f)
	})
	if err != nil {
		if g.conn != nil {
			g.conn.Close()
		}
		return nil, fmt.Errorf("raise the guard in the container's network namespace: %w", err)
	}
	return g, nil
}

func (g *Guard) raise(f Facts) error {
	before, err := remains()
	if err != nil {
		return err
	}
	var as nft.Ownership
	for _, as = range Ownerships() {
		err = g.conn.Run(slices.Concat(before, plan(f, as)))
		if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL) {
			break
		}
	}
	if err != nil || !f.Raw || !ClosesRaw(running()) {
		return err
	}
	switch err := g.conn.Run(raw(f, as)); {
	case err == nil:
		g.raw = true
	case !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL): // what it has not
		return err
	}
	return nil
}

// remains takes away what an owner left. Adding first makes what has another
// owner an error, as taking away does not.
func remains() (all nft.Script, err error) {
	for _, t := range []nft.Table{packets, frames} {
		chains, err := t.Chains()
		if err != nil {
			return nil, err
		}
		if len(chains) > 0 {
			all = append(all, t.Add(), t.Delete())
		}
	}
	return all, nil
}

// Follow brings the guard to what is known now.
func (g *Guard) Follow(f Facts) error {
	f.Neighbours, f.Raw = g.has.Neighbours, g.has.Raw // they are planned once
	script := g.change(packets, f)
	if g.raw {
		script = append(script, g.change(frames, f)...)
	}
	if len(script) == 0 {
		return nil
	}
	if err := g.conn.Run(script); err != nil {
		return fmt.Errorf("bring the guard to the container's interfaces: %w", err)
	}
	g.has = f
	return nil
}

// change adds what is new. Only where something went away a set is emptied
// before: the kernel waits for that.
func (g *Guard) change(t nft.Table, f Facts) (all nft.Script) {
	more := Facts{Neighbours: f.Neighbours, Known: beyond(g.has.Known, f.Known), Gateways: beyond(g.has.Gateways, f.Gateways)}
	if len(beyond(f.Known, g.has.Known)) > 0 {
		all, more.Known = append(all, known(t).Flush()), f.Known
	}
	if t == packets && f.Neighbours && len(beyond(f.Gateways, g.has.Gateways)) > 0 {
		all, more.Gateways = append(all, gateways(false).Flush(), gateways(true).Flush()), f.Gateways
	}
	return append(all, elements(t, more)...)
}

// beyond are those of b that a has not.
func beyond[T int | netip.Addr](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(b), func(x T) bool { return slices.Contains(a, x) })
}

// Remove takes the guard away.
func (g *Guard) Remove() error {
	script := nft.Script{packets.Delete()}
	if g.raw {
		script = append(script, frames.Delete())
	}
	defer g.conn.Close()
	return g.conn.Run(script)
}

// Leave lets go of it, and leaves it standing where the kernel can.
func (g *Guard) Leave() { g.conn.Close() }
