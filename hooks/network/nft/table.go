package nft

import (
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Add makes the table.
func (t Table) Add() Command {
	return change{"add table " + t.String(), unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, t.Family, []*nl.RtAttr{text(unix.NFTA_TABLE_NAME, t.Name)}}
}

// Delete removes it with all that it has.
func (t Table) Delete() Command {
	return change{"delete table " + t.String(), unix.NFT_MSG_DELTABLE, 0, t.Family, []*nl.RtAttr{text(unix.NFTA_TABLE_NAME, t.Name)}}
}

// AddCounter makes one that counts packets; it outlives the rules that name it.
func (t Table) AddCounter(name string) Command {
	counts := nested(unix.NFTA_OBJ_DATA, nl.NewRtAttr(unix.NFTA_COUNTER_BYTES, make([]byte, 8)), nl.NewRtAttr(unix.NFTA_COUNTER_PACKETS, make([]byte, 8)))
	return t.counter("add", name, unix.NFT_MSG_NEWOBJ, unix.NLM_F_CREATE, counts)
}

// DeleteCounter removes one that no rule names.
func (t Table) DeleteCounter(name string) Command {
	return t.counter("delete", name, unix.NFT_MSG_DELOBJ, 0)
}

func (t Table) counter(verb, name string, kind, flags int, more ...*nl.RtAttr) Command {
	body := append([]*nl.RtAttr{text(unix.NFTA_OBJ_TABLE, t.Name), text(unix.NFTA_OBJ_NAME, name), number(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER)}, more...)
	return change{fmt.Sprintf("%s counter %s %s", verb, t, name), kind, flags, t.Family, body}
}
