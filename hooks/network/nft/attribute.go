package nft

import (
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Attributes of a message. Numbers of nftables have the network's order of
// bytes. Source: linux/netfilter/nf_tables.h.

func number(kind int, n uint32) *nl.RtAttr { return nl.NewRtAttr(kind, nl.BEUint32Attr(n)) }

func text(kind int, s string) *nl.RtAttr { return nl.NewRtAttr(kind, nl.ZeroTerminated(s)) }

func nested(kind int, parts ...*nl.RtAttr) *nl.RtAttr {
	a := nl.NewRtAttr(kind|unix.NLA_F_NESTED, nil)
	for _, p := range parts {
		a.AddChild(p)
	}
	return a
}

// value is what a register is compared with or set to.
func value(kind int, data []byte) *nl.RtAttr {
	return nested(kind, nl.NewRtAttr(unix.NFTA_DATA_VALUE, data))
}

func verdictOf(kind int, code int32, chain string) *nl.RtAttr {
	parts := []*nl.RtAttr{number(unix.NFTA_VERDICT_CODE, uint32(code))}
	if chain != "" {
		parts = append(parts, text(unix.NFTA_VERDICT_CHAIN, chain))
	}
	return nested(kind, nested(unix.NFTA_DATA_VERDICT, parts...))
}

// request is a message of nftables.
func request(kind int, flags int, f Family, body ...*nl.RtAttr) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|kind, flags)
	r.AddData(&nl.Nfgenmsg{NfgenFamily: f.number(), Version: unix.NFNETLINK_V0})
	for _, a := range body {
		r.AddData(a)
	}
	return r
}

// parse splits attributes that were joined, the last of each kind. What is no
// attribute ends them.
func parse(b []byte) map[uint16][]byte {
	found := map[uint16][]byte{}
	all, _ := nl.ParseRouteAttr(b)
	for _, a := range all {
		found[a.Attr.Type&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)] = a.Value
	}
	return found
}

func name(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return nl.BytesToString(b)
}
