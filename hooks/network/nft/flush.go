package nft

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A Flush empties what may be there already. It can be left out where that is new:
// the kernel waits for all readers of what a transaction removes.
type Flush struct {
	Table
	Chain, Set string // one of them
}

// FlushChain removes a chain's rules.
func (t Table) FlushChain(chain string) Command { return Flush{t, chain, ""} }

// Flush removes all addresses.
func (s SetOf) Flush() Command { return Flush{s.Table, "", s.Name} }

func (f Flush) String() string {
	if f.Set != "" {
		return fmt.Sprintf("flush set %s %s", f.Table, f.Set)
	}
	return fmt.Sprintf("flush chain %s %s", f.Table, f.Chain)
}

func (f Flush) encode() ([]message, error) {
	if f.Set != "" { // without elements: all
		return []message{{unix.NFT_MSG_DELSETELEM, 0, f.Family,
			[]attribute{text(unix.NFTA_SET_ELEM_LIST_TABLE, f.Name), text(unix.NFTA_SET_ELEM_LIST_SET, f.Set)}}}, nil
	}
	return []message{{unix.NFT_MSG_DELRULE, 0, f.Family, f.rules(f.Chain)}}, nil
}
