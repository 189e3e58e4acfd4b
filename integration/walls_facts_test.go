package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// raw is acme with all that a network asks for, which must not help it, and
// globex; with more of the policy's network section of each.
func raw(acme, globex string) node.Policy {
	return node.Policy{Tenants: map[string]string{"acme": rawNetwork + acme, "globex": globex}}
}

// neighbourhood is what stands in most labs: two containers of each tenant.
type neighbourhood struct {
	*lab
	a, own, b, theirs *box
}

func (l *lab) neighbourhood() neighbourhood {
	l.Helper()
	publish := func(ports ...string) (options []string) {
		for _, p := range ports {
			options = append(options, "-p", p)
		}
		return options
	}
	a := l.plug(boxed{tenant: "acme", privileged: true, publish: publish(published+":80", publishedToo+":81")})
	own := l.plug(boxed{tenant: "acme"})
	b := l.plug(boxed{tenant: "globex", publish: publish(foreignPublished + ":80")})
	l.service(ownService, ownService6, own)
	l.service(foreignService, foreignService6, b)
	return neighbourhood{l, a, own, b, l.plug(boxed{tenant: "globex"})}
}

// linkLocal is an interface's own address of IPv6, of a container or, with none,
// of the lab's bridge.
func (l *lab) linkLocal(b *box) string {
	l.Helper()
	show := []string{"ip", "-6", "addr", "show", "dev", labBridge, "scope", "link"}
	text := ""
	if b != nil {
		show[5] = "eth0"
		text = b.exec(show...)
	} else {
		text = l.run(show[0], show[1:]...)
	}
	for _, word := range strings.Fields(text) {
		if address, ok := strings.CutSuffix(word, "/64"); ok && strings.HasPrefix(address, "fe80:") {
			return address + "%eth0"
		}
	}
	l.Fatalf("no link-local address in %s", text)
	return ""
}

// What a tenant's container reaches that has nothing said of its network.
func (n neighbourhood) apart() {
	n.Helper()
	world := []string{outside, outside6}
	facts := slices.Concat(
		reached(speaks(n.own.four, n.own.six)...), reached(speaks(world...)...),
		reached(connects(served, ownService, ownService6)...),
		walled(speaks(n.b.four, n.b.six)...), walled(connects(served, foreignService, foreignService6, n.linkLocal(n.b))...),
		walled(connects(nodeService, labGateway, labGateway6, otherGateway, otherGateway6, uplink, uplink6, linkLocalOnNode, n.linkLocal(nil))...),
		walled("udp:"+labGateway+":"+nodeService, "udp:"+labGateway6+":"+nodeService, "ping:"+labGateway, "ping:"+labGateway6, "ping:"+otherGateway),
		walled(connects(served, metadata4, metadata6)...),
	)
	for _, port := range n.ports() { // also its own: by docker-proxy they are services of the node
		facts = append(facts, walled(connects(port, labGateway, uplink)...)...)
	}
	n.a.expect("from acme", facts...)
	n.b.expect("from globex", append(walled(speaks(n.a.four, n.a.six)...), reached(speaks(world...)...)...)...)
}

// ports are those of the node that lead to containers.
func (n neighbourhood) ports() []string {
	switch {
	case !n.publishes:
		return nil
	case n.beside:
		return []string{published, publishedToo}
	}
	return []string{published, publishedToo, foreignPublished}
}

// What the node opens, and who is outside.
func (n neighbourhood) toContainers() {
	n.Helper()
	n.expectOfNode("the node", reached(speaks(n.a.four, n.a.six, n.b.four, n.b.six)...)...)
	switch {
	case n.publishes:
		for _, port := range n.ports() {
			n.expectOfNode("the node", reached(connects(port, "127.0.0.1", labGateway, uplink)...)...)
			n.expectOutside("outside", reached("tcp:"+uplink+":"+port)...)
		}
	case n.routed:
		n.expectOutside("outside", reached(speaks(n.a.four, n.a.six, n.b.four, n.b.six)...)...)
	}
}

// fromAnotherNetwork of Docker's, published ports are translated to the containers
// behind them: what is the tenant's own, and not the other's. Docker 20.10 has
// docker-proxy pass them on.
func (n neighbourhood) fromAnotherNetwork() {
	n.Helper()
	if !n.publishes {
		return
	}
	facts := walled("tcp:" + uplink + ":" + nodeService)
	if n.beside {
		facts = append(facts, walled("tcp:"+uplink+":"+published)...)
	} else {
		facts = append(facts, append(reached("tcp:"+uplink+":"+published), walled("tcp:"+uplink+":"+foreignPublished)...)...)
	}
	n.plug(boxed{tenant: "acme", network: "bridge"}).expect("from another network", facts...)
}

func TestWallsOnEveryEngine(t *testing.T) {
	onEachNetwork(t, raw("", ""), func(l *lab) {
		n := l.neighbourhood()
		n.apart()
		n.toContainers()
		n.fromAnotherNetwork()
		n.forged()
		if !l.walls {
			return
		}
		drops := n.a.drops()
		for _, why := range []string{"tenant", "host", "metadata"} {
			if drops[why] == 0 {
				l.Errorf("no drop is counted as %s: %v", why, drops)
			}
		}
		alive := []*held{n.a.hold(n.own.four, "80"), n.a.hold(n.own.six, "80"), n.a.hold(outside, "81"), n.a.hold(outside6, "81")}
		l.follow("with peers", alive, raw(fmt.Sprintf("network: {peers: [globex], host: [{address: node, ports: [{port: %s}, {port: %s}]}, {address: %s, ports: [{port: 80}]}]}",
			nodeService, published, metadata4), "network: {peers: [acme]}"))
		n.opened()
		l.follow("with one that the other does not list", alive, raw("network: {peers: [globex]}", ""))
		n.apart()
		l.follow("with rules", alive, raw(fmt.Sprintf(`network:
  egress:
  - {action: Allow, to: [{cidr: %[1]s/32}, {cidr: "%[2]s/128"}], ports: [{port: 81}, {protocol: UDP, port: 81}]}
  - {action: Deny, to: [{cidr: 192.0.2.0/24}, {cidr: "2001:db8::/64"}]}
  ingress:
  - {action: Allow, ports: [{port: 80}]}
  - {action: Deny}
`, outside, outside6), ""))
		n.ruled()
		l.follow("with bounds", alive, raw("limits: {connections: 1000}\ncontainer: {max: {connections: 10}}", ""))
		n.bounded(10, n.a)
		l.follow("with bounds", alive, raw("limits: {connections: 5}\ncontainer: {max: {connections: 5}}", ""))
		n.bounded(5, n.own)
	})
}

// opened is what peers and listed services open.
func (n neighbourhood) opened() {
	n.Helper()
	facts := slices.Concat(
		reached(speaks(n.b.four, n.b.six, n.own.four)...), reached(connects(served, foreignService, foreignService6)...),
		reached(connects(nodeService, labGateway, labGateway6, otherGateway, otherGateway6)...),
		reached("tcp:"+metadata4+":80", "ping:"+labGateway, "ping:"+labGateway6), walled("tcp:"+metadata4+":81", "tcp:"+metadata6+":80", "udp:"+labGateway+":"+nodeService))
	if n.publishes {
		facts = append(facts, reached("tcp:"+labGateway+":"+published)...)
	}
	n.a.expect("acme, opened", facts...)
	n.b.expect("globex, opened", append(reached(speaks(n.a.four, n.a.six)...), walled(connects(nodeService, labGateway)...)...)...)
}

// ruled is what rules of egress and ingress leave open.
func (n neighbourhood) ruled() {
	n.Helper()
	open := append(connects("81", outside, outside6), "udp:"+outside+":81", "udp:"+outside6+":81") // and what they say back
	n.a.expect("acme, with rules", slices.Concat(walled(speaks(outside, outside6)...), reached(open...), reached(speaks(n.own.four, n.own.six)...))...)
	n.b.expect("globex, without rules", reached(speaks(outside, outside6)...)...)
	if n.publishes {
		n.expectOutside("outside, with rules", append(reached("tcp:"+uplink+":"+published), walled("tcp:"+uplink+":"+publishedToo)...)...)
	} else {
		closed := []string{"udp:" + n.a.four + ":80", "udp:" + n.a.six + ":80", "ping:" + n.a.four, "ping:" + n.a.six}
		n.expectOutside("outside, with rules", append(reached(connects("80", n.a.four, n.a.six)...), walled(append(closed, connects("81", n.a.four, n.a.six)...)...)...)...)
	}
	if drops := n.a.drops(); drops["egress"] == 0 || drops["ingress"] == 0 {
		n.Errorf("counted are %v", drops)
	}
}

// bounded expects a container to get so many connections at once.
func (n neighbourhood) bounded(most int, b *box) {
	n.Helper()
	got := strings.TrimSpace(b.exec("probe", "try", fmt.Sprintf("flows:%d:%s:80", most+3, outside)))
	if want := fmt.Sprintf("flows:%d:%s:80 %d", most+3, outside, most); got != want {
		n.Errorf("bounded: %s, want %s", got, want)
	}
	if drops := b.drops(); most == 10 && drops["connections"] == 0 {
		n.Errorf("counted are %v", drops)
	}
}
