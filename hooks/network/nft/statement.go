package nft

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// act is a statement that looks at nothing of a packet.
type act struct {
	text string
	do   func() ([]attribute, error)
}

func (a act) String() string { return a.text }

func (a act) needs() Field { return Field{} }

func (a act) encode() ([]attribute, error) { return a.do() }

func one(text string, e attribute) Statement {
	return act{text, func() ([]attribute, error) { return []attribute{e}, nil }}
}

// Count counts in a counter of the table.
func Count(counter string) Statement {
	return one(fmt.Sprintf("counter name %q", counter), count(counter))
}

// MoreThan matches when as many connections went through this rule and are
// still there. It has to come after New.
func MoreThan(connections uint32) Statement {
	return one(fmt.Sprintf("ct count over %d", connections), moreConnections(connections))
}

// Drop ends a packet.
func Drop() Statement { return one("drop", decide(drop, "")) }

// Accept ends the chain of the hook; others of the same hook see the packet.
func Accept() Statement { return one("accept", decide(accept, "")) }

// Return goes on where the chain was jumped to from.
func Return() Statement { return one("return", decide(unix.NFT_RETURN, "")) }

// Jump goes through another chain.
func Jump(chain string) Statement { return one("jump "+chain, decide(unix.NFT_JUMP, chain)) }

// Goto goes through another chain, and on where this one was jumped to from.
func Goto(chain string) Statement { return one("goto "+chain, decide(unix.NFT_GOTO, chain)) }

// SetClass gives a packet the class of a queueing discipline, a handle as tc(8)
// has them.
func SetClass(handle uint32) Statement {
	return act{"meta priority set " + netlink.HandleStr(handle), func() ([]attribute, error) {
		return []attribute{set(nl.Uint32Attr(handle)), meta(unix.NFT_META_PRIORITY).set()}, nil
	}}
}

// Forward sends a packet out through another device, which has to be there when
// the rule is made.
func Forward(device string) Statement {
	return act{fmt.Sprintf("fwd to %q", device), func() ([]attribute, error) {
		l, err := netlink.LinkByName(device)
		if err != nil {
			return nil, err
		}
		return []attribute{set(nl.Uint32Attr(uint32(l.Attrs().Index))), forward()}, nil
	}}
}
