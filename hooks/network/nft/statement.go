package nft

import (
	"fmt"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// act is a statement that looks at nothing of a packet.
type act struct {
	text string
	ops  []expr.Any
}

func (a act) String() string { return a.text }

func (a act) needs() Field { return Field{} }

func (a act) encode() []expr.Any { return a.ops }

// Count counts in a counter of the table.
func Count(counter string) Statement {
	return act{fmt.Sprintf("counter name %q", counter), []expr.Any{&expr.Objref{Type: unix.NFT_OBJECT_COUNTER, Name: counter}}}
}

// MoreThan matches when as many connections went through this rule and are
// still there. It has to come after New.
func MoreThan(connections uint32) Statement {
	return act{fmt.Sprintf("ct count over %d", connections), []expr.Any{&expr.Connlimit{Count: connections, Flags: expr.NFT_CONNLIMIT_F_INV}}}
}

// Drop ends a packet.
func Drop() Statement { return verdict("drop", expr.VerdictDrop, "") }

// Accept ends the chain of the hook; others of the same hook see the packet.
func Accept() Statement { return verdict("accept", expr.VerdictAccept, "") }

// Return goes on where the chain was jumped to from.
func Return() Statement { return verdict("return", expr.VerdictReturn, "") }

// Jump goes through another chain.
func Jump(chain string) Statement { return verdict("jump "+chain, expr.VerdictJump, chain) }

func verdict(text string, kind expr.VerdictKind, chain string) Statement {
	return act{text, []expr.Any{&expr.Verdict{Kind: kind, Chain: chain}}}
}
