package walls

import (
	"net/netip"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// trial is one way from somewhere to somewhere.
type trial struct {
	name string
	from *space
	how  string // tcp, udp or ping
	to   string
	open bool // behind walls; without them all are
}

func (x trial) run(patience time.Duration) error {
	if x.how == "ping" {
		return x.from.ping(netip.MustParseAddr(x.to), patience)
	}
	_, err := x.from.dial(x.how, netip.MustParseAddrPort(x.to), patience)
	return err
}

// all tries each way, over what it is open or not.
func all(t *testing.T, walled bool, trials []trial) {
	t.Helper()
	for _, x := range trials {
		want, patience := x.open || !walled, impatient
		if want {
			patience = patient
		}
		err := x.run(patience)
		switch {
		case want && err != nil:
			t.Errorf("%s: %s to %s (walls: %v): %v", x.name, x.how, x.to, walled, err)
		case !want && err == nil:
			t.Errorf("%s: %s to %s is open", x.name, x.how, x.to)
		}
	}
}

// TestReach tries who reaches whom, first without walls.
func TestReach(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1, red2, blue, plain := m.boxes["red1"], m.boxes["red2"], m.boxes["blue"], m.boxes["plain"]
			var trials []trial
			both := func(name string, from *space, four, six string, open bool) {
				for _, how := range []string{"tcp", "udp"} {
					trials = append(trials, trial{name, from, how, four + ":8080", open}, trial{name, from, how, "[" + six + "]:8080", open})
				}
				trials = append(trials, trial{name, from, "ping", four, open}, trial{name, from, "ping", six, open})
			}
			both("same tenant", red1.space, "10.9.0.3", "fd09::3", true)
			both("same tenant back", red2.space, "10.9.0.2", "fd09::2", true)
			both("other tenant", red1.space, "10.9.0.4", "fd09::4", false)
			both("other tenant back", blue.space, "10.9.0.2", "fd09::2", false)
			both("outside", red1.space, "192.0.2.2", "fd02::2", true)
			both("from outside", m.outside, "10.9.0.2", "fd09::2", true)
			both("from the node", m.host, "10.9.0.2", "fd09::2", true)
			both("no walls there", red1.space, "10.9.0.5", "fd09::5", true)
			both("no walls here", plain.space, "10.9.0.2", "fd09::2", true)
			both("metadata", red1.space, "169.254.169.254", "fd00:ec2::254", false)
			for _, to := range []string{"10.9.0.1:8080", "192.0.2.1:8080", "[fd09::1]:8080", "[fd02::1]:8080"} {
				trials = append(trials, trial{"node", red1.space, "tcp", to, false}, trial{"node", red1.space, "udp", to, false})
			}
			trials = append(trials,
				trial{"gateway", red1.space, "ping", "10.9.0.1", false},
				trial{"gateway", red1.space, "ping", "fd09::1", false},
				trial{"node", red1.space, "ping", "192.0.2.1", false},
				trial{"published", m.outside, "tcp", "192.0.2.1:9000", true},
				trial{"published", m.outside, "tcp", "192.0.2.1:9001", true},
				trial{"own published", red1.space, "tcp", "192.0.2.1:9000", true},
				trial{"other's published", red1.space, "tcp", "192.0.2.1:9001", false},
			)
			all(t, false, trials)
			m.wall()
			all(t, true, trials)
			drops := m.drops(red1)
			for _, reason := range []network.Reason{network.Metadata, network.Tenants, network.Host} {
				if drops[reason].Packets == 0 {
					t.Errorf("no drop is counted as %s: %v", reason, drops)
				}
			}
			if n := drops[network.Spoofed]; n.Packets != 0 {
				t.Errorf("%d of its own frames are dropped as another's", n.Packets)
			}
			m.host.try(func() error { return network.Undo(red1.Name) })
			all(t, false, []trial{{"undone", red1.space, "tcp", "10.9.0.1:8080", true}, {"undone", red1.space, "tcp", "192.0.2.1:8080", true}})
			all(t, true, []trial{{"another's stand", red2.space, "tcp", "192.0.2.1:8080", false}})
		})
	}
}

// TestServices opens what is listed, and nothing beside it.
func TestServices(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, l)
			red1, blue := m.boxes["red1"], m.boxes["blue"]
			tcp := []tenant.PortRange{{Protocol: "TCP", First: 8080, Last: 8080}}
			red1.policy.Network.Host = []tenant.HostService{
				{Address: netip.MustParseAddr("10.9.0.1"), Ports: tcp}, {Address: netip.MustParseAddr("fd02::1"), Ports: tcp},
				{Address: netip.MustParseAddr("169.254.169.254"), Ports: tcp}}
			m.node.Network.DNS = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fd09::1")}
			red1.policy.Network.Egress = []tenant.NetworkRule{{Allow: false}}
			trials := []trial{
				{"listed", red1.space, "tcp", "10.9.0.1:8080", true}, {"listed", red1.space, "tcp", "[fd02::1]:8080", true},
				{"listed", red1.space, "tcp", "169.254.169.254:8080", true},
				{"other port", red1.space, "tcp", "169.254.169.254:53", false}, {"other protocol", red1.space, "udp", "169.254.169.254:8080", false},
				{"other protocol", red1.space, "udp", "10.9.0.1:8080", false}, {"gateway's resolver", red1.space, "tcp", "10.9.0.1:53", true},
				{"other address", red1.space, "tcp", "192.0.2.1:8080", false}, {"other tenant", blue.space, "tcp", "10.9.0.1:8080", false},
				{"dns", red1.space, "udp", "192.0.2.1:53", true}, {"dns", red1.space, "tcp", "192.0.2.1:53", true},
				{"dns", blue.space, "udp", "[fd09::1]:53", true}, {"gateway's resolver", blue.space, "udp", "10.9.0.1:53", true}, {"not dns", blue.space, "udp", "192.0.2.1:8080", false}, {"listed", red1.space, "ping", "10.9.0.1", true}, {"not listed", blue.space, "ping", "10.9.0.1", false},
				{"not dns", blue.space, "udp", "[fd09::1]:8080", false}, {"denied", red1.space, "tcp", "192.0.2.2:8080", false},
			}
			all(t, false, trials)
			m.wall()
			all(t, true, trials)
		})
	}
}
