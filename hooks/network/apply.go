package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Apply raises the walls, or brings those that stand to the plan, in one
// transaction with what else is to be there: established connections and counters
// live on. It works in the network namespace of the calling thread, and expects
// that nobody else changes walls there meanwhile. Its error is *Taken where
// another container has one of the addresses.
func (p *Plan) Apply(more nft.Script) error {
	script, standing, err := p.changes()
	if err != nil {
		return err
	}
	for _, pin := range p.of.pins() {
		if err := pin.do(); err != nil {
			return err
		}
	}
	if err := slices.Concat(script, more).Run(); err != nil {
		return p.whose(err)
	}
	if standing != nil {
		p.forget(standing)
	}
	return p.stand()
}

// changes are what has to be done for the plan where something stands already.
// For a container that has none yet only that is asked for which others may have
// made: with many containers it takes long to list all.
func (p *Plan) changes() (nft.Script, *standing, error) {
	has, err := packets(p.of.Installation).HasChain(passages[0] + "-" + p.of.Key())
	if err != nil {
		return nil, nil, err
	}
	if err := p.unique(); err != nil {
		return nil, nil, err
	}
	if !has {
		script, err := p.first()
		return script, nil, err
	}
	standing, err := look(p.of.Installation)
	if err != nil {
		return nil, nil, err
	}
	outdated, err := standing.release(p.of.Key(), p.of)
	if err != nil {
		return nil, nil, err
	}
	script := slices.Concat(outdated, slices.DeleteFunc(slices.Clone(p.Script), standing.needless), standing.without(p.of.Key(), p.of.ends()))
	return script, standing, nil
}

// first are the changes where nothing stands of the container.
func (p *Plan) first() (script nft.Script, err error) {
	for _, c := range p.Script {
		switch c := c.(type) {
		case nft.Flush:
			continue
		case nft.Once:
			has, err := c.HasChain(c.Chain)
			if err != nil {
				return nil, err
			}
			if has {
				continue
			}
		}
		script = append(script, c)
	}
	return script, nil
}

func (f Facts) ends() (ends []string) {
	for _, i := range f.Interfaces {
		if i.Host != "" {
			ends = append(ends, i.Host)
		}
	}
	return ends
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
