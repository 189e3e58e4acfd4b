package nft

import (
	"net"
	"net/netip"
)

// A Key is what a set's elements are.
type Key int

const (
	IPv4 Key = iota
	IPv6
	MAC
)

// keys are how nft writes them, its own numbers for them, by which it prints them
// (libnftables, enum datatypes), and their bytes.
var keys = [...]struct {
	name   string
	number uint32
	bytes  uint32
}{IPv4: {"ipv4_addr", 7, 4}, IPv6: {"ipv6_addr", 8, 16}, MAC: {"ether_addr", 9, 6}}

func (k Key) String() string { return keys[k].name }

// Value is the one that an element's bytes are.
func (k Key) Value(data string) (v Value, ok bool) {
	if len(data) != int(keys[k].bytes) {
		return Value{}, false
	}
	if k == MAC {
		return Ether(net.HardwareAddr(data)), true
	}
	a, ok := netip.AddrFromSlice([]byte(data))
	return Address(a), ok
}
