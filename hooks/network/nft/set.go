package nft

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A SetOf addresses of one version of IP, or a map of them to verdicts.
type SetOf struct {
	Table
	Name     string
	Six      bool
	Verdicts bool
}

// nft's own numbers for types of keys, by which it prints them (libnftables,
// enum datatypes).
const (
	typeIPv4 = 7
	typeIPv6 = 8
)

// bigEndian says to nft in what order keys have their bytes; the kernel keeps it
// (libnftnl, NFTNL_UDATA_SET_KEYBYTEORDER).
var bigEndian = append([]byte{0, 4}, nl.Uint32Attr(2)...)

// Add makes the set.
func (s SetOf) Add() Command {
	kind, key, typeOf, bytes := "set", "ipv4_addr", uint32(typeIPv4), uint32(4)
	if s.Six {
		key, typeOf, bytes = "ipv6_addr", typeIPv6, 16
	}
	if s.Verdicts {
		kind, key = "map", key+" : verdict"
	}
	what := fmt.Sprintf("add %s %s %s { type %s; }", kind, s.Table, s.Name, key)
	return change{what, unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, s.Family, s.attributes(typeOf, bytes)}
}

func (s SetOf) attributes(key, bytes uint32) []*nl.RtAttr {
	flags := uint32(0)
	var data []*nl.RtAttr
	if s.Verdicts {
		flags = unix.NFT_SET_MAP
		data = []*nl.RtAttr{number(unix.NFTA_SET_DATA_TYPE, unix.NFT_DATA_VERDICT), number(unix.NFTA_SET_DATA_LEN, 0)}
	}
	return append([]*nl.RtAttr{
		text(unix.NFTA_SET_TABLE, s.Table.Name), text(unix.NFTA_SET_NAME, s.Name), number(unix.NFTA_SET_FLAGS, flags),
		number(unix.NFTA_SET_KEY_TYPE, key), number(unix.NFTA_SET_KEY_LEN, bytes),
		number(unix.NFTA_SET_ID, 1), // asked for, but by name it is found
		nl.NewRtAttr(unix.NFTA_SET_USERDATA, bigEndian),
	}, data...)
}

// Put adds addresses; to a map with the chain that packets jump to.
func (s SetOf) Put(chain string, addresses ...netip.Addr) Command {
	return s.elements("add", unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, chain, addresses)
}

// Take removes addresses that are there.
func (s SetOf) Take(addresses ...netip.Addr) Command {
	return s.elements("delete", unix.NFT_MSG_DELSETELEM, 0, "", addresses)
}

// Delete removes a set that no rule names.
func (s SetOf) Delete() Command {
	return change{fmt.Sprintf("delete set %s %s", s.Table, s.Name), unix.NFT_MSG_DELSET, 0, s.Family,
		[]*nl.RtAttr{text(unix.NFTA_SET_TABLE, s.Table.Name), text(unix.NFTA_SET_NAME, s.Name)}}
}

func (s SetOf) elements(verb string, kind, flags int, chain string, addresses []netip.Addr) Command {
	words := make([]string, len(addresses))
	elements := make([]*nl.RtAttr, len(addresses))
	for i, a := range addresses {
		words[i] = a.String()
		parts := []*nl.RtAttr{value(unix.NFTA_SET_ELEM_KEY, a.AsSlice())}
		if chain != "" {
			words[i] += " : jump " + chain
			parts = append(parts, verdictOf(unix.NFTA_SET_ELEM_DATA, unix.NFT_JUMP, chain))
		}
		elements[i] = nested(unix.NFTA_LIST_ELEM, parts...)
	}
	what := fmt.Sprintf("%s element %s %s { %s }", verb, s.Table, s.Name, strings.Join(words, ", "))
	return change{what, kind, flags, s.Family, []*nl.RtAttr{
		text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name),
		nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, elements...),
	}}
}
