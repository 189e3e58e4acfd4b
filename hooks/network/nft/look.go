package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// list hands on the attributes of all that nftables has of a kind. Where there is
// no such table or set there is nothing. Another change between two answers makes
// it ask again.
func list(what string, ask, answer int, family Family, each func(map[uint16][]byte), of ...*nl.RtAttr) error {
	var found [][]byte
	err := error(nl.ErrDumpInterrupted)
	for range 5 {
		found, err = request(ask, unix.NLM_F_DUMP, family, of...).Execute(unix.NETLINK_NETFILTER, unix.NFNL_SUBSYS_NFTABLES<<8|uint16(answer))
		if !errors.Is(err, nl.ErrDumpInterrupted) {
			break
		}
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nftables: list %s: %w", what, err)
	}
	for _, m := range found {
		if len(m) >= nl.SizeofNfgenmsg {
			each(parse(m[nl.SizeofNfgenmsg:]))
		}
	}
	return nil
}

// Chains are the names of a table's chains, none if there is no such table.
func (t Table) Chains() (names []string, err error) {
	err = list("chains", unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_NEWCHAIN, t.Family, func(a map[uint16][]byte) {
		if name(a[unix.NFTA_CHAIN_TABLE]) == t.Name {
			names = append(names, name(a[unix.NFTA_CHAIN_NAME]))
		}
	})
	return names, err
}

// Sets are the names of a table's sets and maps.
func (t Table) Sets() (names []string, err error) {
	err = list("sets", unix.NFT_MSG_GETSET, unix.NFT_MSG_NEWSET, t.Family, func(a map[uint16][]byte) {
		names = append(names, name(a[unix.NFTA_SET_NAME]))
	}, text(unix.NFTA_SET_TABLE, t.Name))
	return names, err
}

// Addresses are those in a set, none if there is no such set. In a map each
// leads to a chain.
func (s SetOf) Addresses() (map[netip.Addr]string, error) {
	found := map[netip.Addr]string{}
	return found, list("elements of "+s.Name, unix.NFT_MSG_GETSETELEM, unix.NFT_MSG_NEWSETELEM, s.Family, func(a map[uint16][]byte) {
		elements, _ := nl.ParseRouteAttr(a[unix.NFTA_SET_ELEM_LIST_ELEMENTS])
		for _, e := range elements {
			element := parse(e.Value)
			key, ok := netip.AddrFromSlice(parse(element[unix.NFTA_SET_ELEM_KEY])[unix.NFTA_DATA_VALUE])
			verdict := parse(parse(element[unix.NFTA_SET_ELEM_DATA])[unix.NFTA_DATA_VERDICT])
			if ok {
				found[key] = name(verdict[unix.NFTA_VERDICT_CHAIN])
			}
		}
	}, text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name))
}

// Counted is what a counter has counted.
type Counted struct{ Packets, Bytes uint64 }

// Counters are those of a table.
func (t Table) Counters() (map[string]Counted, error) {
	found := map[string]Counted{}
	return found, list("counters", unix.NFT_MSG_GETOBJ, unix.NFT_MSG_NEWOBJ, t.Family, func(a map[uint16][]byte) {
		counter := parse(a[unix.NFTA_OBJ_DATA])
		packets, bytes := counter[unix.NFTA_COUNTER_PACKETS], counter[unix.NFTA_COUNTER_BYTES]
		if len(packets) == 8 && len(bytes) == 8 {
			found[name(a[unix.NFTA_OBJ_NAME])] = Counted{binary.BigEndian.Uint64(packets), binary.BigEndian.Uint64(bytes)}
		}
	}, text(unix.NFTA_OBJ_TABLE, t.Name), number(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER))
}
