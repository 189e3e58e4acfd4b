package nft

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// list hands on the attributes of all that nftables has of a kind. Where there is
// no such table or set there is nothing. Another change between two answers makes
// it ask again.
func list(what string, ask message, answer int, each func(map[uint16][]byte)) error {
	ask.flags = unix.NLM_F_DUMP
	var found [][]byte
	err := error(nl.ErrDumpInterrupted)
	for range 5 {
		if found, err = ask.execute(answer); !errors.Is(err, nl.ErrDumpInterrupted) {
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

// execute sends it and returns the answers of a kind.
func (m message) execute(answer int) ([][]byte, error) {
	r := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|m.kind, m.flags)
	r.AddData(&nl.Nfgenmsg{NfgenFamily: m.number(), Version: unix.NFNETLINK_V0})
	for _, a := range m.body {
		r.RawData = append(r.RawData, a...)
	}
	return r.Execute(unix.NETLINK_NETFILTER, unix.NFNL_SUBSYS_NFTABLES<<8|uint16(answer))
}

// HasChain reports whether a table has a chain.
func (t Table) HasChain(chain string) (bool, error) {
	_, err := message{unix.NFT_MSG_GETCHAIN, 0, t.Family, t.chain(chain)}.execute(unix.NFT_MSG_NEWCHAIN)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		err = fmt.Errorf("nftables: look for chain %s: %w", chain, err)
	}
	return err == nil, err
}

// Chains are the names of a table's chains, none if there is no such table.
func (t Table) Chains() (names []string, err error) {
	err = list("chains", message{kind: unix.NFT_MSG_GETCHAIN, Family: t.Family}, unix.NFT_MSG_NEWCHAIN, func(a map[uint16][]byte) {
		if name(a[unix.NFTA_CHAIN_TABLE]) == t.Name {
			names = append(names, name(a[unix.NFTA_CHAIN_NAME]))
		}
	})
	return names, err
}

// Sets are the names of a table's sets and maps.
func (t Table) Sets() (names []string, err error) {
	ask := message{unix.NFT_MSG_GETSET, 0, t.Family, []attribute{text(unix.NFTA_SET_TABLE, t.Name)}}
	err = list("sets", ask, unix.NFT_MSG_NEWSET, func(a map[uint16][]byte) {
		names = append(names, name(a[unix.NFTA_SET_NAME]))
	})
	return names, err
}

// Elements are those of a set by their bytes, none if there is no such set. In a
// map each leads to a chain.
func (s SetOf) Elements() (map[string]string, error) {
	found := map[string]string{}
	ask := message{unix.NFT_MSG_GETSETELEM, 0, s.Family, []attribute{
		text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name),
	}}
	return found, list("elements of "+s.Name, ask, unix.NFT_MSG_NEWSETELEM, func(a map[uint16][]byte) {
		elements, _ := nl.ParseRouteAttr(a[unix.NFTA_SET_ELEM_LIST_ELEMENTS])
		for _, e := range elements {
			element := parse(e.Value)
			key := parse(element[unix.NFTA_SET_ELEM_KEY])[unix.NFTA_DATA_VALUE]
			verdict := parse(parse(element[unix.NFTA_SET_ELEM_DATA])[unix.NFTA_DATA_VERDICT])
			found[string(key)] = name(verdict[unix.NFTA_VERDICT_CHAIN])
		}
	})
}

// Has reports whether a set has an element.
func (s SetOf) Has(v Value) (bool, error) {
	_, err := message{unix.NFT_MSG_GETSETELEM, 0, s.Family, []attribute{
		text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name),
		nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, nested(unix.NFTA_LIST_ELEM, value(unix.NFTA_SET_ELEM_KEY, v.data))),
	}}.execute(unix.NFT_MSG_NEWSETELEM)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		err = fmt.Errorf("nftables: look for %s in %s: %w", v, s.Name, err)
	}
	return err == nil, err
}

// Counted is what a counter has counted.
type Counted struct{ Packets, Bytes uint64 }

// Counters are those of a table.
func (t Table) Counters() (map[string]Counted, error) {
	found := map[string]Counted{}
	ask := message{unix.NFT_MSG_GETOBJ, 0, t.Family, []attribute{
		text(unix.NFTA_OBJ_TABLE, t.Name), number(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER),
	}}
	return found, list("counters", ask, unix.NFT_MSG_NEWOBJ, func(a map[uint16][]byte) {
		counter := parse(a[unix.NFTA_OBJ_DATA])
		packets, bytes := counter[unix.NFTA_COUNTER_PACKETS], counter[unix.NFTA_COUNTER_BYTES]
		if len(packets) == 8 && len(bytes) == 8 {
			found[name(a[unix.NFTA_OBJ_NAME])] = Counted{binary.BigEndian.Uint64(packets), binary.BigEndian.Uint64(bytes)}
		}
	})
}
