package nft

import (
	"strings"

	"github.com/vishvananda/netlink/nl"
)

// A Command changes one thing. Adding what is there, and flushing, is success;
// deleting what is not there is not.
type Command interface {
	String() string
	encode() ([]*nl.NetlinkRequest, error)
}

// Script is done in one transaction: all of it or nothing.
type Script []Command

// String is the input of `nft -f` that does the same.
func (s Script) String() string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

// change is a command of one message.
type change struct {
	text  string
	kind  int // NFT_MSG_*
	flags int
	Family
	body []*nl.RtAttr
}

func (c change) String() string { return c.text }

func (c change) encode() ([]*nl.NetlinkRequest, error) {
	return []*nl.NetlinkRequest{request(c.kind, c.flags, c.Family, c.body...)}, nil
}
