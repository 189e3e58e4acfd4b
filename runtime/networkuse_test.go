package runtime

import (
	"net"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

func TestTrafficIsCountedOnceANetwork(t *testing.T) {
	pid, network := connected(t)
	h, err := openNamespace(network)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(h.fd)
	start, err := record.StartTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	living := func(id string) *record.Record {
		return &record.Record{ID: id, Pid: pid, StartTime: start, Namespaces: []record.Namespace{h.id}}
	}
	ended := &record.Record{ID: "ended", Pid: pid, StartTime: start + 1, Namespaces: []record.Namespace{h.id}}
	if all := connections([]*record.Record{ended}); len(all) != 0 {
		t.Errorf("of a container that ended: %v", all)
	}
	all := connections([]*record.Record{living("a"), living("b"), ended})
	if len(all) != 1 {
		t.Fatalf("two containers in one network have %v", all)
	}
	err = namespace.In(h.fd, func() error {
		// One end of a pair sends to the other; loopback does, too.
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"}); err != nil {
			return err
		}
		for _, name := range []string{"lo", "a", "b"} {
			link, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if err := netlink.LinkSetUp(link); err != nil {
				return err
			}
		}
		c, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write(make([]byte, 10000)); err != nil {
			return err
		}
		link, err := netlink.LinkByName("a")
		if err != nil {
			return err
		}
		raw, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(raw)
		return unix.Sendto(raw, make([]byte, 1000), 0, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index})
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := traffic(pid)
	if err != nil {
		t.Fatal(err)
	}
	got, sent := s.Figures[NetworkReceived], s.Figures[NetworkSent]
	if got < 1000 || sent < 1000 || got >= 10000 || sent >= 10000 {
		t.Errorf("received %v and sent %v, want the 1000 that the pair did, without loopback's 10000", got, sent)
	}
}

// What a network counted before a meter saw it is the tenant's too.
func TestTrafficOfANewNetworkCounts(t *testing.T) {
	pid, _ := connected(t)
	s, err := traffic(pid)
	if err != nil {
		t.Fatal(err)
	}
	s.Figures[NetworkSent] = 5
	if got := growth(cgroup.Stats{}, s)[NetworkSent]; got != 5 {
		t.Errorf("%v of 5 bytes count", got)
	}
}
