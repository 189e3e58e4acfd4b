package nft

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// The interface that a packet came by or leaves by, by its index. Names can be
// changed, an index cannot.
var (
	ByInterface = Field{name: "meta iif", from: meta(unix.NFT_META_IIF), bytes: 4}
	ToInterface = Field{name: "meta oif", from: meta(unix.NFT_META_OIF), bytes: 4}
)

// Loopback is every network namespace's first interface (linux/netdevice.h,
// LOOPBACK_IFINDEX).
var Loopback = Value{`"lo"`, index(1)}

func index(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

// Indexes are a set of interfaces.
type Indexes struct {
	Table
	Name string
}

// nft's own number for the type of an index, and for the machine's own order of
// bytes, as in SetOf.
const typeIndex = 20

var ownEndian = append([]byte{0, 4}, nl.Uint32Attr(1)...)

// Add makes the set.
func (s Indexes) Add() Command {
	return change{message{unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, s.Family, setOf{s.Table, s.Name, 0, typeIndex, 4, ownEndian}.attributes()},
		"add set %s %s { type iface_index; }", []any{s.Table, s.Name}}
}

// Put adds interfaces.
func (s Indexes) Put(indexes ...int) Command {
	words := make([]string, len(indexes))
	elements := make([]attribute, len(indexes))
	for i, n := range indexes {
		words[i] = strconv.Itoa(n)
		elements[i] = nested(unix.NFTA_LIST_ELEM, value(unix.NFTA_SET_ELEM_KEY, index(n)))
	}
	return change{message{unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, s.Family, []attribute{
		text(unix.NFTA_SET_ELEM_LIST_TABLE, s.Table.Name), text(unix.NFTA_SET_ELEM_LIST_SET, s.Name),
		nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, elements...),
	}}, "add element %s %s { %s }", []any{s.Table, s.Name, strings.Join(words, ", ")}}
}

// Flush removes all interfaces.
func (s Indexes) Flush() Command { return Flush{s.Table, "", s.Name} }
