package walls

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// TestOneWay denies what datagrams without an answer go to: what was let through
// before goes on, as connections do, and nothing else begins.
func TestOneWay(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1 := m.boxes["red1"]
			to := netip.MustParseAddrPort("192.0.2.2:9999")
			var silent net.PacketConn
			m.outside.try(func() (err error) {
				silent, err = net.ListenPacket("udp", to.String())
				return err
			})
			t.Cleanup(func() { silent.Close() })
			flow := func() (c net.Conn) {
				red1.try(func() (err error) {
					c, err = net.Dial("udp", to.String())
					return err
				})
				t.Cleanup(func() { c.Close() })
				return c
			}
			arrives := func(c net.Conn, patience time.Duration) bool {
				if _, err := c.Write([]byte("mark")); err != nil {
					return false // told so by ICMP, or dropped on the way out
				}
				_ = silent.SetReadDeadline(time.Now().Add(patience))
				_, _, err := silent.ReadFrom(make([]byte, 16))
				return err == nil
			}
			m.wall()
			before := flow()
			if !arrives(before, patient) {
				t.Fatal("a datagram does not arrive that no rule denies")
			}
			red1.policy.Network.Egress = []tenant.NetworkRule{{Allow: false}}
			red1.wall(m)
			if !arrives(before, patient) {
				t.Error("the flow from before ended")
			}
			if arrives(flow(), impatient) {
				t.Error("another began")
			}
		})
	}
}
