package nft

import "golang.org/x/sys/unix"

// Ownership says who else may change a table, and how long it stays. Whoever has
// CAP_NET_ADMIN over the network namespace changes what nobody owns.
type Ownership uint32

// What a kernel has.
const (
	Owned     = ownerFlag               // the connection's that made it, and goes with that (Linux 5.12)
	Persisted = ownerFlag | persistFlag // stays then, and is anybody's (Linux 6.9)
)

// Of linux/netfilter/nf_tables.h: NFT_TABLE_F_OWNER, NFT_TABLE_F_PERSIST.
const ownerFlag, persistFlag Ownership = 2, 4

func (o Ownership) String() string {
	if o&persistFlag != 0 {
		return "owner,persist"
	}
	return "owner"
}

// AddAs makes a table that is not there yet. Only a connection that stays open
// can own one.
func (t Table) AddAs(o Ownership) Command {
	body := append(t.named(), number(unix.NFTA_TABLE_FLAGS, uint32(o)))
	return change{message{unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, t.Family, body}, "add table %s { flags %s; }", []any{t, o}}
}
