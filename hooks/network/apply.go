package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Taken says that another container has an address already.
type Taken struct {
	Address netip.Addr
	Key     string // of the other
}

func (t *Taken) Error() string {
	return fmt.Sprintf("address %s is that of another container with walls", t.Address)
}

// Apply raises the walls, or brings those that stand to the plan, in one
// transaction: established connections and counters live on. It works in the
// network namespace of the calling thread, and expects that nobody else changes
// walls there meanwhile. Its error is *Taken where a container has one of the
// addresses.
func (p *Plan) Apply() error {
	standing, err := look(p.of.Installation)
	if err != nil {
		return err
	}
	if err := standing.taken(p.of); err != nil {
		return err
	}
	var ends []string
	for _, i := range p.of.Interfaces {
		if i.Host != "" {
			ends = append(ends, i.Host)
		}
	}
	outdated, err := standing.release(p.of.Key(), slices.Concat(p.of.all(false), p.of.all(true)))
	if err != nil {
		return err
	}
	script := slices.Concat(outdated, slices.DeleteFunc(slices.Clone(p.Script), standing.needless), standing.without(p.of.Key(), ends))
	if err := script.Run(); err != nil {
		return err
	}
	p.forget(standing)
	return p.stand()
}

// stand wants each device to be the one that was looked at. The kernel accepts a
// chain for a device that is not there (6.16 and later), and a name can be given
// to another.
func (p *Plan) stand() error {
	for _, i := range p.of.Interfaces {
		if i.Host == "" {
			continue
		}
		l, err := netlink.LinkByIndex(i.HostIndex)
		if err == nil && l.Attrs().Name != i.Host {
			err = fmt.Errorf("it is called %s now", l.Attrs().Name)
		}
		if err != nil {
			return fmt.Errorf("the walls of interface %s do not stand: %w", i.Host, err)
		}
	}
	return nil
}

// bounds reports a chain that the plan's own rules name.
func (p *Plan) bounds(chain string) bool {
	return slices.ContainsFunc(p.Script, func(c nft.Command) bool {
		return strings.HasSuffix(c.String(), "jump "+chain)
	})
}

// forget removes the bounds of connections that no rule names any longer. Others
// of the tenant may still have the tenant's: the last one's goes.
func (p *Plan) forget(before *standing) {
	t := packets(p.of.Installation)
	for _, chain := range before.packets {
		for _, of := range []string{p.of.Key(), tenantKey(p.of.Tenant)} {
			if strings.HasPrefix(chain, "count-"+of+"-") && !p.bounds(chain) {
				_ = nft.Script{t.DeleteChain(chain)}.Run() // refused while a rule names it
			}
		}
	}
}
