package integration

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// knows is where a box thinks that addresses are.
func (b *box) knows(addresses ...string) map[string]string {
	b.lab.Helper()
	known := map[string]string{}
	for line := range strings.Lines(b.exec("ip", "neigh", "show")) {
		f := strings.Fields(line)
		for i, word := range f {
			if word == "lladdr" && i+1 < len(f) {
				known[f[0]] = f[i+1]
			}
		}
	}
	of := map[string]string{}
	for _, a := range addresses {
		of[a] = known[a]
	}
	return of
}

// routers says whether a box has a route by what somebody advertised.
func (b *box) routers() bool {
	b.lab.Helper()
	return strings.Contains(b.exec("ip", "-6", "route", "show", "default"), "via fe80::")
}

// forged sends frames from acme that say what is not so: globex shall not
// believe them, and the node's loopback shall get none of them.
func (n neighbourhood) forged() {
	n.Helper()
	victim, believed := n.b, func(what string, got bool) {
		n.Helper()
		if got == n.walls {
			n.Errorf("%s is believed: %v", what, got)
		}
	}
	n.run("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", victim.pid), "--", "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra") // or no engine's would
	victim.expect("globex", reached(speaks(n.theirs.four, n.theirs.six)...)...)
	victim.expect("globex", walled("ping:"+labGateway, "ping:"+labGateway6)...) // but asks who it is
	at := []string{labGateway, labGateway6, n.theirs.four, n.theirs.six}
	before, counted := victim.knows(at...), n.a.drops()["spoofed"]
	tries := []string{"forge-router", "forge-mac:" + n.a.four, "forge-udp:" + n.b.four + ":" + labGateway + ":9", "forge-udp:" + n.a.four + ":127.0.0.1:7001",
		"forge-arp:" + labGateway, "forge-arp:" + n.theirs.four, "forge-nd:" + labGateway6, "forge-nd:" + n.theirs.six}
	n.forge("forge-router-options")
	believed("a router's advertisement behind options", victim.routers())
	n.forge(tries...)
	if n.walls { // or it has been believed before
		believed("a router's advertisement", victim.routers())
	}
	after := victim.knows(at...)
	for _, address := range at {
		if before[address] == "" {
			n.Errorf("globex does not know where %s is", address)
		}
		believed("that "+address+" is elsewhere", after[address] != before[address])
	}
	n.run(n.prober(), "try", "udp:"+onLoopback) // comes after all that was sent
	n.must(node.Await(n.ctx, func() bool { return strings.Contains(n.said(), "datagram "+onLoopback+" 127.0.0.1:") }))
	believed("a datagram to loopback", strings.Contains(n.said(), "datagram "+onLoopback+" "+n.a.four+":"))
	const each = 15 // probe/try_forge.go
	if got := n.a.drops()["spoofed"] - counted; n.walls && got < uint64(each*(len(tries)+1)) {
		n.Errorf("%d forged frames are counted of %d", got, each*(len(tries)+1))
	}
}

// forge sends frames, which must leave the container.
func (n neighbourhood) forge(techniques ...string) {
	n.Helper()
	out := n.a.exec(append([]string{"probe", "together"}, techniques...)...)
	for _, t := range techniques {
		if !strings.Contains(out+"\n", t+" ok\n") {
			n.Errorf("no frame left: %s", out)
		}
	}
}

// said is what the servers of the node printed.
func (l *lab) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard.String()
}
