package integration

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Where everything is in a lab. All containers are on one bridge, the node has
// another one and services of its own, and behind it is the world outside, where
// clouds have their metadata.
const (
	labBridge, labGateway, labGateway6     = "walled0", "10.90.0.1", "fd00:90::1"
	otherGateway, otherGateway6            = "10.99.0.1", "fd00:99::1" // of the node's other bridge
	uplink, uplink6, outside, outside6     = "192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"
	metadata4, metadata6, linkLocalOnNode  = "169.254.169.254", "fd00:ec2::254", "169.254.7.7"
	ownService, ownService6                = "198.51.100.1", "2001:db8:1::1" // addresses of services, which lead to containers
	foreignService, foreignService6        = "198.51.100.2", "2001:db8:1::2"
	nodeService, onLoopback, published     = "7000", "127.0.0.1:7001", "8080"
	publishedToo, foreignPublished, served = "8082", "8081", "80"
)

// A lab is an engine's network in a world of its own.
type lab struct {
	*testing.T
	ctx  context.Context
	node *node.Node
	plug func(boxed) *box // starts a container that serves on ports 80 and 81

	walls     bool // or it is the positive control
	publishes bool // ports of containers are ports of the node
	beside    bool // globex is none of the engine's, and publishes nothing
	routed    bool // containers' own addresses are reached from outside

	outside int           // a process there
	heard   *bytes.Buffer // what servers of the node print; guarded by the mutex
	mu      sync.Mutex
}

// boxed says what container to start.
type boxed struct {
	tenant     string
	publish    []string // options of docker run
	network    string   // of Docker's, instead of the lab's; of IPv4
	privileged bool     // with what a network asks for
}

// A box is a container in a lab.
type box struct {
	lab       *lab
	of        network.Name
	pid       int
	four, six string
	exec      func(args ...string) string
}

// Write takes what the servers of the node print.
func (l *lab) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard.Write(p)
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// prober is the prober's path on the node.
func (l *lab) prober() string { return filepath.Join(filepath.Dir(l.node.Shim()), "probe") }

// script runs a shell's commands in the node's world.
func (l *lab) script(text string, args ...any) string {
	l.Helper()
	return l.run("sh", "-ec", fmt.Sprintf(text, args...))
}

func (l *lab) run(program string, args ...string) string {
	l.Helper()
	res, err := node.Finish(l.ctx, l.node.Enter(program, args...))
	l.must(err)
	if err := res.Failed(); err != nil {
		l.Fatalf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// server starts a program of the node's that ends with the test.
func (l *lab) server(program string, args ...string) *exec.Cmd {
	l.Helper()
	cmd := l.node.Enter(program, args...)
	cmd.Stdout = l
	l.must(cmd.Start())
	l.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			l.Error(err)
		}
		_ = cmd.Wait() // killed
	})
	return cmd
}

// furnish makes the world around the containers.
func (l *lab) furnish() {
	l.Helper()
	l.heard = new(bytes.Buffer)
	l.outside = l.server("unshare", "--net", "--", l.prober(), "serve", "80", "81").Process.Pid
	l.must(node.Await(l.ctx, func() bool { return l.tryOutside("true").Code == 0 }))
	l.Cleanup(func() {
		l.script(`ip link del far0; ip link del other0; ip addr del %s/32 dev lo; nft delete table ip services; nft delete table ip6 services`, linkLocalOnNode)
	})
	l.script(`
		ip link add far0 type veth peer name near0 netns %[1]d
		ip link add other0 type bridge
		ip link set far0 up; ip link set other0 up
		ip addr add %[2]s/24 dev far0; ip addr add %[3]s/64 dev far0 nodad
		ip addr add %[4]s/24 dev other0; ip addr add %[5]s/64 dev other0 nodad
		ip addr add %[6]s/32 dev lo
		ip route add %[7]s via %[8]s; ip -6 route add %[9]s via %[10]s
		for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/route_localnet; do echo 1 >/proc/sys/net/$f; done
		echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range
		nft add table ip services; nft add table ip6 services`,
		l.outside, uplink, uplink6, otherGateway, otherGateway6, linkLocalOnNode, metadata4, outside, metadata6, outside6)
	l.inOutside(`ip link set lo up; ip link set near0 up
		ip addr add %[1]s/24 dev near0; ip addr add %[2]s/64 dev near0 nodad
		ip addr add %[3]s/32 dev lo; ip addr add %[4]s/128 dev lo # of no packet that begins here
		echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range
		ip route add default via %[5]s; ip -6 route add default via %[6]s`,
		outside, outside6, metadata4, metadata6, uplink, uplink6)
	l.server(l.prober(), "serve", nodeService, onLoopback)
}

func (l *lab) tryOutside(command string) node.Result {
	l.Helper()
	res, err := node.Finish(l.ctx, l.node.Enter("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", l.outside), "--", "sh", "-ec",
		`[ "$(readlink /proc/self/ns/net)" != "`+l.run("readlink", "/proc/self/ns/net")+`" ]; `+command))
	l.must(err)
	return res
}

// inOutside runs a shell's commands in the world outside.
func (l *lab) inOutside(text string, args ...any) string {
	l.Helper()
	res := l.tryOutside(fmt.Sprintf(text, args...))
	l.must(res.Failed())
	return res.Stdout
}

// service gives a container's server another address, as kube-proxy does.
func (l *lab) service(four, six string, to *box) {
	l.Helper()
	for _, s := range []struct{ family, service, to, at string }{{"ip", four, to.four, to.four + ":80"}, {"ip6", six, to.six, "[" + to.six + "]:80"}} {
		l.script(`nft 'table %[1]s services {
			chain to { type nat hook prerouting priority -110; %[1]s daddr %[2]s tcp dport 80 dnat to %[4]s; }
			chain back { type nat hook postrouting priority 90; ct status dnat %[1]s daddr %[3]s %[1]s saddr { %[5]s } masquerade; }
		}'`, s.family, s.service, s.to, s.at, map[string]string{"ip": "10.90.0.0/24", "ip6": "fd00:90::/64"}[s.family])
	}
}

// join has a box that was started known: its addresses, and that it serves.
func (l *lab) join(b *box) *box {
	l.Helper()
	b.lab = l
	if !l.walls { // ping without CAP_NET_RAW is nothing that walls decide
		l.run("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", b.pid), "--", "sh", "-c", "echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range")
	}
	for line := range strings.Lines(b.exec("ip", "addr", "show", "eth0", "scope", "global")) {
		f := strings.Fields(line)
		switch address, _, _ := strings.Cut(f[min(1, len(f)-1)], "/"); {
		case f[0] == "inet":
			b.four = address
		case f[0] == "inet6" && !strings.HasPrefix(address, "fe80:"): // which gVisor calls global too
			b.six = address
		}
	}
	if b.four == "" || b.six == "" && len(b.exec("ip", "-6", "route")) > 0 {
		l.Fatalf("addresses of %v are %q and %q", b.of, b.four, b.six)
	}
	return b
}

// A fact is what comes of a technique: under the stock shim, and behind walls.
type fact struct {
	technique    string
	stock, walls bool
}

func reached(techniques ...string) (all []fact) {
	for _, t := range techniques {
		all = append(all, fact{t, true, true})
	}
	return all
}

func walled(techniques ...string) (all []fact) {
	for _, t := range techniques {
		all = append(all, fact{t, true, false})
	}
	return all
}

// speaks is every way to speak to a server.
func speaks(addresses ...string) (all []string) {
	for _, a := range addresses {
		all = append(all, "tcp:"+a+":"+served, "udp:"+a+":"+served, "ping:"+a)
	}
	return all
}

func connects(port string, addresses ...string) (all []string) {
	for _, a := range addresses {
		all = append(all, "tcp:"+a+":"+port)
	}
	return all
}

// expect tries facts at once. What shall get through is tried again where it
// does not at first: servers begin, and IPv6 looks for duplicates of addresses.
func (l *lab) expect(where string, try func(args ...string) string, facts ...fact) {
	l.Helper()
	want := map[string]bool{}
	for _, f := range facts {
		want[f.technique] = l.walls && f.walls || !l.walls && f.stock
	}
	patient, cancel := context.WithTimeout(l.ctx, node.Patience(8*time.Second))
	defer cancel()
	var wrong []string
	_ = node.Await(patient, func() bool { // what is wrong still is said
		args := []string{"together"}
		for technique := range want {
			args = append(args, technique)
		}
		wrong = nil
		for line := range strings.Lines(try(args...)) {
			technique, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
			through, known := want[technique]
			switch {
			case !known || through && outcome == "ok" || !through && outcome != "ok":
				delete(want, technique)
			case !through:
				l.Errorf("%s: %s gets through", where, technique)
				delete(want, technique)
			default:
				wrong = append(wrong, technique+" "+outcome)
			}
		}
		return len(wrong) == 0
	})
	for _, w := range wrong {
		l.Errorf("%s: %s, want through", where, w)
	}
	if len(want) > len(wrong) {
		l.Errorf("%s: nothing is said of some of %v", where, want)
	}
}

// expect tries facts in the box.
func (b *box) expect(where string, facts ...fact) {
	b.lab.Helper()
	b.lab.expect(where, func(args ...string) string { return b.exec(append([]string{"probe"}, args...)...) }, facts...)
}

// expectOfNode tries them on the node, and expectOutside in the world outside.
func (l *lab) expectOfNode(where string, facts ...fact) {
	l.Helper()
	l.expect(where, func(args ...string) string { return l.run(l.prober(), args...) }, facts...)
}

func (l *lab) expectOutside(where string, facts ...fact) {
	l.Helper()
	l.expect(where, func(args ...string) string { return l.inOutside("%s", l.prober()+" "+strings.Join(args, " ")) }, facts...)
}

// drops are what the walls around a box dropped, by reason.
func (b *box) drops() map[string]uint64 {
	b.lab.Helper()
	packets := map[string]uint64{}
	b.lab.must(inNetworkOf(b.lab.node.Pid(), func() error {
		all, err := network.Drops(b.of)
		for why, c := range all {
			packets[string(why)] = c.Packets
		}
		return err
	}))
	return packets
}
