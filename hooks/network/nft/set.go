package nft

import (
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A SetOf addresses of one kind, or a map of them to verdicts.
type SetOf struct {
	Table
	Name     string
	Key      Key
	Verdicts bool
}

// bigEndian says to nft in what order keys have their bytes; the kernel keeps it
// (libnftnl, NFTNL_UDATA_SET_KEYBYTEORDER).
var bigEndian = append([]byte{0, 4}, nl.Uint32Attr(2)...)

// Add makes the set.
func (s SetOf) Add() Command {
	kind, key := "set", s.Key.String()
	if s.Verdicts {
		kind, key = "map", key+" : verdict"
	}
	return change{message{unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, s.Family, s.attributes()},
		"add %s %s %s { type %s; }", []any{kind, s.Table, s.Name, key}}
}

func (s SetOf) attributes() []attribute {
	flags := uint32(0)
	var data []attribute
	if s.Verdicts {
		flags = unix.NFT_SET_MAP
		data = []attribute{number(unix.NFTA_SET_DATA_TYPE, unix.NFT_DATA_VERDICT), number(unix.NFTA_SET_DATA_LEN, 0)}
	}
	return append(setOf{s.Table, s.Name, flags, keys[s.Key].number, keys[s.Key].bytes, bigEndian}.attributes(), data...)
}

// setOf is what one of any kind is for the kernel.
type setOf struct {
	Table
	name  string
	flags uint32
	key   uint32 // for nft
	bytes uint32 // of a key
	order []byte // of a key's bytes
}

func (s setOf) attributes() []attribute {
	return []attribute{
		text(unix.NFTA_SET_TABLE, s.Name), text(unix.NFTA_SET_NAME, s.name), number(unix.NFTA_SET_FLAGS, s.flags),
		number(unix.NFTA_SET_KEY_TYPE, s.key), number(unix.NFTA_SET_KEY_LEN, s.bytes),
		number(unix.NFTA_SET_ID, 1), // asked for, but by name it is found
		newAttribute(unix.NFTA_SET_USERDATA, s.order),
	}
}

// Put adds addresses; to a map with the chain that packets jump to.
func (s SetOf) Put(chain string, addresses ...Value) Command {
	return s.elements("add", unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, chain, addresses)
}

// Take removes addresses that are there.
func (s SetOf) Take(addresses ...Value) Command {
	return s.elements("delete", unix.NFT_MSG_DELSETELEM, 0, "", addresses)
}

// Delete removes a set that no rule names.
func (s SetOf) Delete() Command {
	named := []attribute{text(unix.NFTA_SET_TABLE, s.Table.Name), text(unix.NFTA_SET_NAME, s.Name)}
	return change{message{unix.NFT_MSG_DELSET, 0, s.Family, named}, "delete set %s %s", []any{s.Table, s.Name}}
}

func (s SetOf) elements(verb string, kind, flags int, chain string, addresses []Value) Command {
	elements := make([]attribute, len(addresses))
	for i, a := range addresses {
		parts := []attribute{value(unix.NFTA_SET_ELEM_KEY, a.data)}
		if chain != "" {
			parts = append(parts, verdictOf(unix.NFTA_SET_ELEM_DATA, unix.NFT_JUMP, chain))
		}
		elements[i] = nested(unix.NFTA_LIST_ELEM, parts...)
	}
	return change{message{kind, flags, s.Family, []attribute{
		text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name),
		nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, elements...),
	}}, "%s element %s %s { %s }", []any{verb, s.Table, s.Name, listed{addresses, chain}}}
}

// listed prints elements.
type listed struct {
	addresses []Value
	chain     string
}

func (l listed) String() string {
	words := make([]string, len(l.addresses))
	for i, a := range l.addresses {
		words[i] = a.String()
		if l.chain != "" {
			words[i] += " : jump " + l.chain
		}
	}
	return strings.Join(words, ", ")
}
