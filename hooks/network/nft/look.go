package nft

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Chains are the names of a table's chains, none if there is no such table.
func (t Table) Chains() ([]string, error) { return look(t.chains) }

func (t Table) chains(conn *nftables.Conn) (names []string, err error) {
	all, err := conn.ListChainsOfTableFamily(t.kernel().Family)
	for _, c := range all {
		if c.Table.Name == t.Name {
			names = append(names, c.Name)
		}
	}
	return names, missing(err)
}

// Sets are the names of a table's sets and maps.
func (t Table) Sets() ([]string, error) {
	return look(func(conn *nftables.Conn) (names []string, err error) {
		all, err := conn.GetSets(t.kernel())
		for _, s := range all {
			names = append(names, s.Name)
		}
		return names, missing(err)
	})
}

// Addresses are those in a set, none if there is no such set. In a map each
// leads to a chain.
func (s SetOf) Addresses() (map[netip.Addr]string, error) {
	return look(func(conn *nftables.Conn) (map[netip.Addr]string, error) {
		found := map[netip.Addr]string{}
		sets, err := conn.GetSets(s.Table.kernel())
		if err != nil || !slices.ContainsFunc(sets, func(has *nftables.Set) bool { return has.Name == s.Name }) {
			return found, missing(err)
		}
		elements, err := conn.GetSetElements(s.kernel())
		for _, e := range elements {
			a, ok := netip.AddrFromSlice(e.Key)
			if !ok {
				return nil, fmt.Errorf("set %s has an element of %d bytes", s.Name, len(e.Key))
			}
			if found[a], err = chainOf(e.Val); err != nil {
				return nil, err
			}
		}
		return found, missing(err)
	})
}

// chainOf reads where a verdict leads, which the library leaves encoded.
func chainOf(verdict []byte) (chain string, err error) {
	if len(verdict) == 0 {
		return "", nil
	}
	d, err := netlink.NewAttributeDecoder(verdict)
	if err != nil {
		return "", err
	}
	for d.Next() {
		if d.Type() == unix.NFTA_VERDICT_CHAIN {
			chain = d.String()
		}
	}
	return chain, d.Err()
}

// Counted is what a counter has counted.
type Counted struct{ Packets, Bytes uint64 }

// Counters are those of a table.
func (t Table) Counters() (map[string]Counted, error) {
	return look(func(conn *nftables.Conn) (map[string]Counted, error) {
		all, err := conn.GetNamedObjects(t.kernel())
		found := map[string]Counted{}
		for _, o := range all {
			if n, ok := o.(*nftables.NamedObj); ok {
				if c, ok := n.Obj.(*expr.Counter); ok {
					found[n.Name] = Counted{c.Packets, c.Bytes}
				}
			}
		}
		return found, missing(err)
	})
}

// look asks the kernel, in the network namespace of the calling thread.
func look[T any](ask func(*nftables.Conn) (T, error)) (T, error) {
	conn, err := nftables.New()
	if err != nil {
		var none T
		return none, fmt.Errorf("nftables: %w", err)
	}
	found, err := ask(conn)
	if err != nil {
		err = fmt.Errorf("nftables: %w", err)
	}
	return found, err
}

// missing makes nothing of a table that is not there. The library does not wrap
// what the kernel says.
func missing(err error) error {
	if err != nil && strings.HasSuffix(err.Error(), unix.ENOENT.Error()) {
		return nil
	}
	return err
}
