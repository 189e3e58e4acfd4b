package nft

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

func (t Table) kernel() *nftables.Table {
	family := nftables.TableFamilyINet
	if t.Family == NetDev {
		family = nftables.TableFamilyNetdev
	}
	return &nftables.Table{Name: t.Name, Family: family}
}

// Add makes the table.
func (t Table) Add() Command {
	return change{"add table " + t.String(), func(c *nftables.Conn) { c.AddTable(t.kernel()) }}
}

// Delete removes it with all that it has.
func (t Table) Delete() Command {
	return change{"delete table " + t.String(), func(c *nftables.Conn) { c.DelTable(t.kernel()) }}
}

// A Counter counts packets; it outlives the rules that name it.
func (t Table) AddCounter(name string) Command {
	return change{fmt.Sprintf("add counter %s %s", t, name), func(c *nftables.Conn) { c.AddObj(t.counter(name)) }}
}

// DeleteCounter removes one that no rule names.
func (t Table) DeleteCounter(name string) Command {
	return change{fmt.Sprintf("delete counter %s %s", t, name), func(c *nftables.Conn) { c.DeleteObject(t.counter(name)) }}
}

func (t Table) counter(name string) *nftables.NamedObj {
	return &nftables.NamedObj{Table: t.kernel(), Name: name, Type: nftables.ObjTypeCounter, Obj: &expr.Counter{}}
}

// A Hook is where packets come to a chain.
type Hook struct {
	Name     string // ingress, egress, input, forward, postrouting
	Device   string // of the netdev family
	Priority int32
}

var hooks = map[string]*nftables.ChainHook{
	"ingress": nftables.ChainHookIngress, "egress": nftables.ChainHookEgress,
	"input": nftables.ChainHookInput, "forward": nftables.ChainHookForward, "postrouting": nftables.ChainHookPostrouting,
}

// AddHook makes a chain that packets come to, and that lets through what it
// does not drop.
func (t Table) AddHook(chain string, h Hook) Command {
	device := ""
	if h.Device != "" {
		device = fmt.Sprintf(" device %q", h.Device)
	}
	accept := nftables.ChainPolicyAccept
	text := fmt.Sprintf("add chain %s %s { type filter hook %s%s priority %d; policy accept; }", t, chain, h.Name, device, h.Priority)
	return change{text, func(c *nftables.Conn) {
		c.AddChain(&nftables.Chain{
			Name: chain, Table: t.kernel(), Type: nftables.ChainTypeFilter, Hooknum: hooks[h.Name], Device: h.Device,
			Priority: nftables.ChainPriorityRef(nftables.ChainPriority(h.Priority)), Policy: &accept,
		})
	}}
}

// AddChain makes a chain that others jump to.
func (t Table) AddChain(chain string) Command {
	return change{fmt.Sprintf("add chain %s %s", t, chain), func(c *nftables.Conn) { c.AddChain(t.chain(chain)) }}
}

// AddChainOnce makes a chain with one rule. Where the chain is there already it
// stays as it is, with what its rule remembers.
func (t Table) AddChainOnce(chain string, r Rule) Command {
	return once{t, chain, Script{t.AddChain(chain), t.AddRule(chain, r)}}
}

// AddHookOnce makes a chain that packets come to, with its rules. Where it is
// there already it stays as it is: other rules need another name.
func (t Table) AddHookOnce(chain string, h Hook, rules ...Rule) Command {
	o := once{t, chain, Script{t.AddHook(chain, h)}}
	for _, r := range rules {
		o.Script = append(o.Script, t.AddRule(chain, r))
	}
	return o
}

type once struct {
	table Table
	chain string
	Script
}

func (o once) String() string { return strings.TrimSuffix(o.Script.String(), "\n") }

func (o once) do(conn *nftables.Conn) error {
	chains, err := o.table.chains(conn)
	if err != nil || slices.Contains(chains, o.chain) {
		return err
	}
	var errs []error
	for _, c := range o.Script {
		errs = append(errs, c.do(conn))
	}
	return errors.Join(errs...)
}

// FlushChain removes its rules.
func (t Table) FlushChain(chain string) Command { return Flush{t, chain, ""} }

// A Flush empties what may be there already. It can be left out where that is new:
// the kernel waits for all readers of what a transaction removes.
type Flush struct {
	Table
	Chain, Set string // one of them
}

func (f Flush) String() string {
	if f.Set != "" {
		return fmt.Sprintf("flush set %s %s", f.Table, f.Set)
	}
	return fmt.Sprintf("flush chain %s %s", f.Table, f.Chain)
}

func (f Flush) do(conn *nftables.Conn) error {
	if f.Set != "" {
		conn.FlushSet(&nftables.Set{Table: f.kernel(), Name: f.Set})
	} else {
		conn.FlushChain(f.chain(f.Chain))
	}
	return nil
}

// DeleteChain removes one that nothing jumps to.
func (t Table) DeleteChain(chain string) Command {
	return change{fmt.Sprintf("delete chain %s %s", t, chain), func(c *nftables.Conn) { c.DelChain(t.chain(chain)) }}
}

func (t Table) chain(name string) *nftables.Chain {
	return &nftables.Chain{Name: name, Table: t.kernel()}
}

// AddRule appends a rule to a chain.
func (t Table) AddRule(chain string, r Rule) Command {
	return change{fmt.Sprintf("add rule %s %s %s", t, chain, r), func(c *nftables.Conn) {
		c.AddRule(&nftables.Rule{Table: t.kernel(), Chain: t.chain(chain), Exprs: r.encode(t.Family)})
	}}
}
