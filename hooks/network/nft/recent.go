package nft

import (
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// NextHop is the neighbour that an outgoing packet is handed to: the gateway, or
// the packet's destination where that is on the link. A packet of the other version
// has none (net/netfilter/nft_rt.c).
var (
	NextHop4 = Field{name: "rt ip nexthop", from: route(unix.NFT_RT_NEXTHOP4), bytes: 4}
	NextHop6 = Field{name: "rt ip6 nexthop", from: route(unix.NFT_RT_NEXTHOP6), bytes: 16}
)

// route is what the kernel knows of the packet's.
type route uint32

func (r route) load(uint32) attribute {
	return expression("rt", number(unix.NFTA_RT_KEY, uint32(r)), number(unix.NFTA_RT_DREG, register))
}

// AddRecent makes a set that rules put addresses into, at most a number of them,
// each for a time after it was put the last time.
func (s SetOf) AddRecent(most uint32, stay time.Duration) Command {
	of := setOf{s.Table, s.Name, unix.NFT_SET_EVAL | unix.NFT_SET_TIMEOUT, keys[s.Key].number, keys[s.Key].bytes, bigEndian}
	body := append(of.attributes(),
		newAttribute(unix.NFTA_SET_TIMEOUT, binary.BigEndian.AppendUint64(nil, uint64(stay.Milliseconds()))),
		nested(unix.NFTA_SET_DESC, number(unix.NFTA_SET_DESC_SIZE, most)))
	return change{message{unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, s.Family, body},
		"add set %s %s { type %s; size %d; flags dynamic,timeout; timeout %ds; }", []any{s.Table, s.Name, s.Key, most, int(stay.Seconds())}}
}

// PutInto puts the field's value into a set of AddRecent, or renews it. Where the
// set is full the rule ends.
func (f Field) PutInto(set string) Statement {
	return recent{match{f, "", []attribute{dynamic(set, unix.NFT_DYNSET_OP_UPDATE)}}, "update @" + set}
}

// TakeFrom takes it out.
func (f Field) TakeFrom(set string) Statement {
	return recent{match{f, "", []attribute{dynamic(set, dynsetDelete)}}, "delete @" + set}
}

// dynsetDelete is NFT_DYNSET_OP_DELETE of linux/netfilter/nf_tables.h (5.4).
const dynsetDelete = 2

func dynamic(set string, op uint32) attribute {
	return expression("dynset", text(unix.NFTA_DYNSET_SET_NAME, set), number(unix.NFTA_DYNSET_OP, op), number(unix.NFTA_DYNSET_SREG_KEY, register))
}

// recent is a match that prints with the set first.
type recent struct {
	match
	verb string
}

func (r recent) String() string { return fmt.Sprintf("%s { %s }", r.verb, r.name) }
