package divert

import (
	"fmt"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// step is one change, and prints as nft writes it.
type step interface {
	text(table string) string
	encode(b *batch)
}

type hook uint32

// Hooks of the family netdev (enum nf_dev_hooks).
const (
	ingress hook = 0
	egress  hook = 1
)

func (h hook) String() string { return [...]string{"ingress", "egress"}[h] }

type table struct{}

func (table) text(name string) string { return "add table netdev " + name }

type removeTable struct{}

func (removeTable) text(name string) string { return "delete table netdev " + name }

type chain struct {
	name, device string
	hook         hook
	class        uint32
}

func (c chain) text(table string) string {
	return fmt.Sprintf("add chain netdev %s %s { type filter hook %s device %q priority %d; policy accept; }", table, c.name, c.hook, c.device, priority)
}

type flush struct{ chain string }

func (f flush) text(table string) string {
	return fmt.Sprintf("flush chain netdev %s %s", table, f.chain)
}

type remove struct{ chain string }

func (r remove) text(table string) string {
	return fmt.Sprintf("delete chain netdev %s %s", table, r.chain)
}

type rule struct {
	chain  string
	class  uint32
	device string // that they are sent to
}

func (r rule) text(table string) string {
	return fmt.Sprintf("add rule netdev %s %s meta priority set %s fwd to %q", table, r.chain, shape.Class(r.class), r.device)
}
