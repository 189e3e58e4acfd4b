package integration

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// The API server's service, which it makes itself with the first address of the
// range that it is given.
const apiName, apiService = "kubernetes.default.svc.cluster.local.", "10.96.0.1"

// untracked keeps what the resolver is asked and says from the kernel's table of
// connections, as NodeLocal DNSCache does (cmd/node-cache/app/cache_app.go).
const untracked = `table ip nodelocaldns {
	chain asked { type filter hook prerouting priority raw; ip daddr ` + cluster.ResolverAddress + ` udp dport 53 notrack; }
	chain said { type filter hook output priority raw; ip saddr ` + cluster.ResolverAddress + ` udp sport 53 notrack; }
}`

// names expects that a listed resolver is asked on a link-local address, and that
// the API server is what any service of the node is: closed until listed.
func (w *wallScenes) names(k *kube) {
	// NodeLocal DNSCache has a dummy interface, which this kernel need not know.
	// A bridge without ports is as good a place for an address.
	k.onNode("ip", "link", "add", "nodelocaldns", "type", "bridge")
	defer k.onNode("ip", "link", "del", "nodelocaldns")
	k.onNode("ip", "address", "add", cluster.ResolverAddress+"/32", "dev", "nodelocaldns")
	k.onNode("ip", "link", "set", "nodelocaldns", "up")
	k.onNode("nft", untracked)
	defer k.onNode("nft", "delete table ip nodelocaldns")
	defer k.resolver().Close()
	for _, from := range []string{w.web.Name, w.stock.Name} {
		p := w.web
		if from == w.stock.Name {
			p = w.stock
		}
		if got := k.run(p, "main", "nslookup -type=a "+strings.TrimSuffix(apiName, ".")+" || true"); !strings.Contains(got, apiService) {
			k.Errorf("in %s the API server's name is\n%s", from, got)
		}
	}
	resolver := tcp(cluster.ResolverAddress, kubeletPort)
	api, direct := tcp(apiService, 443), tcp(pods.Address, 6443)
	k.await("kube-proxy serves", func() bool { return k.through(w.stock, api, resolver) })
	k.reaches(w.web, outcomes(false, api, direct, resolver)) // of the resolver's address port 53 alone is open
	k.apply(fmt.Sprintf("host: [{address: %s, ports: [{protocol: TCP, port: 6443}]}]", pods.Address), "")
	k.reaches(w.web, outcomes(true, api, direct), outcomes(false, tcp(pods.Address, kubeletPort)))
	k.reaches(w.other, outcomes(false, api, direct))
	k.apply("", "")
	k.reaches(w.web, outcomes(false, api))
}

// resolver answers questions for the API server's name, on the node.
func (k *kube) resolver() net.PacketConn {
	k.Helper()
	var c net.PacketConn
	k.must(k.Do(func() (err error) {
		c, err = net.ListenPacket("udp", net.JoinHostPort(cluster.ResolverAddress, "53"))
		return err
	}))
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n]); reply != nil {
				_, _ = c.WriteTo(reply, from) // who is not told asks again
			}
		}
	}()
	return c
}

// answer is what the resolver says, nil to what is no question.
func answer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals, m.RCode = true, nil, dnsmessage.RCodeNameError
	if q.Name.String() == apiName {
		m.RCode = dnsmessage.RCodeSuccess
		if q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(apiService).As4()},
			}}
		}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}
