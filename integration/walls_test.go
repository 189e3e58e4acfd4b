package integration

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// apart are two tenants with nothing said of their networks.
var apart = node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}}

// plugged is a container on the world's bridge, which serves HTTP.
type plugged struct {
	*container
	four, six string
}

// plug makes a container as `ctr run --cni` does: its network is connected
// between its Create and its Start.
func (s *stage) plug(r node.Run) *plugged {
	s.Helper()
	c := s.ready(r)
	s.must(c.Start(s.ctx))
	return c
}

// ready makes a container that is plugged in, and not started.
func (s *stage) ready(r node.Run) *plugged {
	s.Helper()
	r.Args = server
	made, err := s.node.Create(s.ctx, r)
	s.must(err)
	c := &plugged{container: s.keep(made)}
	c.four, c.six = s.cni("ADD", c)
	return c
}

// cni calls the bridge plugin and returns the addresses that it gave.
func (s *stage) cni(verb string, c *plugged) (four, six string) {
	s.Helper()
	cmd := s.node.Enter("/usr/lib/cni/bridge")
	cmd.Env = append(cmd.Env, "CNI_COMMAND="+verb, "CNI_CONTAINERID="+c.Namespace+"-"+c.ID, "CNI_IFNAME=eth0", "CNI_PATH=/usr/lib/cni",
		fmt.Sprintf("CNI_NETNS=/proc/%d/ns/net", c.Pid()))
	cmd.Stdin = strings.NewReader(fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "walled", "type": "bridge", "bridge": "walled0", "isGateway": true,
		"ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.87.0.0/24"}], [{"subnet": "fd00:87::/64"}]]}}`, s.node.Dir()+"/walled"))
	res, err := node.Finish(s.ctx, cmd)
	s.must(err)
	s.must(res.Failed())
	for _, word := range strings.FieldsFunc(res.Stdout, func(r rune) bool { return strings.ContainsRune("\" \n\t,", r) }) {
		address, _, _ := strings.Cut(word, "/")
		switch {
		case strings.HasPrefix(word, "10.87.0.") && strings.HasSuffix(word, "/24"):
			four = address
		case strings.HasPrefix(word, "fd00:87::") && strings.HasSuffix(word, "/64"):
			six = address
		}
	}
	return four, six
}

// gets reports whether a container can open a connection.
func (c *plugged) gets(address string) bool {
	c.s.Helper()
	p := c.exec(nil, "probe", "try", "tcp:"+address+":8080")
	c.s.wait(p)
	return strings.HasSuffix(p.Stdout.String(), " ok\n")
}

// expectReach says what a container reaches and what not.
func (c *plugged) expectReach(want bool, addresses ...string) {
	c.s.Helper()
	for _, a := range addresses {
		got := c.gets(a)
		if want && !got { // its server may not listen yet
			got = node.Await(c.s.ctx, func() bool { return c.gets(a) }) == nil
		}
		if got != want {
			c.s.Errorf("%s reaches %s: %v, want %v", c.Namespace, a, got, want)
		}
	}
}
