package main

import (
	"net/netip"
	"strconv"

	"net"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Changes of nftables in the container's own network namespace, and what a
// container can do to the kernel's neighbours.
func init() {
	// table-make:NAME makes a table and removes it.
	techniques["table-make"] = func(args []string) error {
		t := nft.Table{Family: nft.Inet, Name: argument(args, 0)}
		return nft.Script{t.Add(), t.Delete()}.Run()
	}
	// table-delete:FAMILY:NAME deletes one that is there.
	techniques["table-delete"] = func(args []string) error {
		return nft.Script{nft.Table{Family: nft.Family(argument(args, 0)), Name: argument(args, 1)}.Delete()}.Run()
	}
	// table-empty:NAME:CHAIN removes a chain's rules.
	techniques["table-empty"] = func(args []string) error {
		return nft.Script{nft.Table{Family: nft.Inet, Name: argument(args, 0)}.FlushChain(argument(args, 1))}.Run()
	}
	// table-put:NAME:SET:INDEX puts an interface into a set.
	techniques["table-put"] = func(args []string) error {
		index, err := strconv.Atoi(argument(args, 2))
		if err != nil {
			return err
		}
		t := nft.Table{Family: nft.Inet, Name: argument(args, 0)}
		return nft.Script{nft.Indexes{Table: t, Name: argument(args, 1)}.Put(index)}.Run()
	}
	// neighbours:ADDRESS:COUNT sends a datagram to each of the addresses from one
	// on, whether somebody is there or not.
	techniques["neighbours"] = func(args []string) error {
		to, err := netip.ParseAddr(argument(args, 0))
		if err != nil {
			return err
		}
		count, err := strconv.Atoi(argument(args, 1))
		if err != nil {
			return err
		}
		c, err := net.ListenUDP("udp", nil)
		if err != nil {
			return err
		}
		defer c.Close()
		for range min(count, 300) { // the table is the whole machine's
			_, _ = c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to, 9)) // where it may not, another one
			to = to.Next()
		}
		return nil
	}
}
