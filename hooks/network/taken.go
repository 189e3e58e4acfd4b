package network

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Taken says that another container has an address already.
type Taken struct {
	Address string
	Key     string // of the other
}

func (t *Taken) Error() string {
	return fmt.Sprintf("address %s is that of another container with walls", t.Address)
}

// whose says which container has an IP address already: in a map it can lead to
// one only, so the kernel refused the change.
func (p *Plan) whose(refused error) error {
	if !errors.Is(refused, unix.EEXIST) && !errors.Is(refused, unix.EBUSY) {
		return refused
	}
	t := packets(p.of.Installation)
	for _, k := range keysOf(t) {
		owners, err := verdicts(t, passages[0], k).Elements()
		if err != nil {
			return errors.Join(refused, err)
		}
		for _, a := range p.of.all(k) {
			if key, ok := strings.CutPrefix(owners[a.Bytes()], passages[0]+"-"); ok && key != p.of.Key() {
				return &Taken{a.String(), key}
			}
		}
	}
	return refused
}

// unique refuses a hardware address that another container has at the same
// bridge, which would hand the other's frames to whoever spoke last. At different
// bridges engines give the same one.
func (p *Plan) unique() error {
	t := frames(p.of.Installation)
	for _, i := range p.of.Interfaces {
		if i.Host == "" || i.Bridge == nil {
			continue
		}
		mac := nft.Ether(i.MAC)
		has, err := members(t, nft.MAC).Has(mac)
		if err != nil {
			return err
		}
		if !has {
			continue
		}
		if err := p.alone(i, mac); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) alone(i facts.Interface, mac nft.Value) error {
	sets, err := frames(p.of.Installation).Sets()
	if err != nil {
		return err
	}
	for _, name := range sets {
		rest, ok := strings.CutPrefix(name, "own"+short[nft.MAC]+"-")
		key, end, _ := strings.Cut(rest, "-")
		if !ok || key == p.of.Key() || !sameBridge(end, i.Host) {
			continue
		}
		has, err := own(frames(p.of.Installation), key, end, nft.MAC).Has(mac)
		if err != nil {
			return err
		}
		if has {
			return &Taken{mac.String(), key}
		}
	}
	return nil
}

// sameBridge reports whether two ends are ports of one bridge. One that is gone is
// of none.
func sameBridge(a, b string) bool {
	first, err := netlink.LinkByName(a)
	if err != nil {
		return false
	}
	second, err := netlink.LinkByName(b)
	return err == nil && first.Attrs().MasterIndex != 0 && first.Attrs().MasterIndex == second.Attrs().MasterIndex
}
