package nft

import "golang.org/x/sys/unix"

// Add makes the table.
func (t Table) Add() Command {
	return change{message{unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, t.Family, t.named()}, "add table %s", []any{t}}
}

// Delete removes it with all that it has.
func (t Table) Delete() Command {
	return change{message{unix.NFT_MSG_DELTABLE, 0, t.Family, t.named()}, "delete table %s", []any{t}}
}

func (t Table) named() []attribute { return []attribute{text(unix.NFTA_TABLE_NAME, t.Name)} }

// AddCounter makes one that counts packets; it outlives the rules that name it.
func (t Table) AddCounter(name string) Command {
	none := make([]byte, 8)
	counts := nested(unix.NFTA_OBJ_DATA, newAttribute(unix.NFTA_COUNTER_BYTES, none), newAttribute(unix.NFTA_COUNTER_PACKETS, none))
	return change{message{unix.NFT_MSG_NEWOBJ, unix.NLM_F_CREATE, t.Family, append(t.counter(name), counts)}, "add counter %s %s", []any{t, name}}
}

// DeleteCounter removes one that no rule names.
func (t Table) DeleteCounter(name string) Command {
	return change{message{unix.NFT_MSG_DELOBJ, 0, t.Family, t.counter(name)}, "delete counter %s %s", []any{t, name}}
}

func (t Table) counter(name string) []attribute {
	return []attribute{text(unix.NFTA_OBJ_TABLE, t.Name), text(unix.NFTA_OBJ_NAME, name), number(unix.NFTA_OBJ_TYPE, unix.NFT_OBJECT_COUNTER)}
}
