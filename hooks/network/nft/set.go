package nft

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// A SetOf addresses of one version of IP, or a map of them to verdicts.
type SetOf struct {
	Table
	Name     string
	Six      bool
	Verdicts bool
}

func (s SetOf) kernel() *nftables.Set {
	set := &nftables.Set{Table: s.Table.kernel(), Name: s.Name, KeyType: nftables.TypeIPAddr}
	if s.Six {
		set.KeyType = nftables.TypeIP6Addr
	}
	if s.Verdicts {
		set.IsMap, set.DataType = true, nftables.TypeVerdict
	}
	return set
}

// Add makes the set.
func (s SetOf) Add() Command {
	kind, key := "set", "ipv4_addr"
	if s.Six {
		key = "ipv6_addr"
	}
	if s.Verdicts {
		kind, key = "map", key+" : verdict"
	}
	return command{fmt.Sprintf("add %s %s %s { type %s; }", kind, s.Table, s.Name, key), func(c *nftables.Conn) error {
		return c.AddSet(s.kernel(), nil)
	}}
}

// Put adds addresses; to a map with the chain that packets jump to.
func (s SetOf) Put(chain string, addresses ...netip.Addr) Command {
	return command{fmt.Sprintf("add element %s %s { %s }", s.Table, s.Name, list(addresses, chain)), func(c *nftables.Conn) error {
		return c.SetAddElements(s.kernel(), elements(addresses, chain))
	}}
}

// Take removes addresses that are there.
func (s SetOf) Take(addresses ...netip.Addr) Command {
	return command{fmt.Sprintf("delete element %s %s { %s }", s.Table, s.Name, list(addresses, "")), func(c *nftables.Conn) error {
		return c.SetDeleteElements(s.kernel(), elements(addresses, ""))
	}}
}

// Flush removes all addresses.
func (s SetOf) Flush() Command { return Flush{s.Table, "", s.Name} }

// Delete removes a set that no rule names.
func (s SetOf) Delete() Command {
	return change{fmt.Sprintf("delete set %s %s", s.Table, s.Name), func(c *nftables.Conn) { c.DelSet(s.kernel()) }}
}

func list(addresses []netip.Addr, chain string) string {
	words := make([]string, len(addresses))
	for i, a := range addresses {
		words[i] = a.String()
		if chain != "" {
			words[i] += " : jump " + chain
		}
	}
	return strings.Join(words, ", ")
}

func elements(addresses []netip.Addr, chain string) []nftables.SetElement {
	out := make([]nftables.SetElement, len(addresses))
	for i, a := range addresses {
		out[i].Key = a.AsSlice()
		if chain != "" {
			out[i].VerdictData = &expr.Verdict{Kind: expr.VerdictJump, Chain: chain}
		}
	}
	return out
}
