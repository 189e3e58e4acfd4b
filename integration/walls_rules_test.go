package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// follow brings a policy to what runs.
func (s *dockerStage) follow(tenants map[string]string) {
	s.Helper()
	s.must(s.Node.Apply(s.ctx, node.Policy{Tenants: tenants}))
}

// A connection of a container to another one, on which lines are sent.
type line struct {
	s        *dockerStage
	from, to string
}

// connect makes one between containers that run a shell's commands.
func (s *dockerStage) connect(from, to string) line {
	s.Helper()
	s.docker("exec", "-d", to, "sh", "-c", "mkfifo /tmp/say; exec 3<>/tmp/say; nc -l -p 9000 <&3")
	l := line{s, from, to}
	address := s.address(to)
	s.until("a connection", func() bool { return s.try("exec", to, "sh", "-c", "netstat -ltn | grep -q :9000").Code == 0 })
	s.docker("exec", "-d", from, "sh", "-c", "tail -f /dev/null | nc "+address+" 9000 >/tmp/heard")
	return l
}

// carries expects a word to arrive.
func (l line) carries(word string) {
	l.s.Helper()
	l.s.docker("exec", l.to, "sh", "-c", "echo "+word+" >/tmp/say")
	l.s.until(word+" arrives", func() bool {
		return strings.Contains(l.s.try("exec", l.from, "cat", "/tmp/heard").Stdout, word)
	})
}

func TestRunningContainersFollowTheirNetworksPolicy(t *testing.T) {
	apart := map[string]string{"acme": "", "globex": ""}
	peers := map[string]string{"acme": "network: {peers: [globex]}", "globex": "network: {peers: [acme]}"}
	onOneSocket(t, node.Policy{Tenants: apart}, func(s *dockerStage) {
		a, own := s.sleeper("--runtime", "acme"), s.sleeper("--runtime", "acme")
		b := s.server("--runtime", "globex")
		toB := "tcp:" + s.address(b) + ":80"
		connection := s.connect(a, own)
		connection.carries("before")
		s.outcomes("apart", a, map[string]bool{toB: false})
		s.follow(peers)
		connection.carries("with-peers")
		s.outcomes("peers", a, map[string]bool{toB: true})
		s.follow(map[string]string{"acme": peers["acme"], "globex": ""})
		connection.carries("without-peers")
		s.outcomes("one that the other does not list", a, map[string]bool{toB: false})
	})
}

func TestRulesOfEgressAndIngress(t *testing.T) {
	onOneSocket(t, node.Policy{Tenants: map[string]string{"acme": "", "globex": ""}}, func(s *dockerStage) {
		a := s.server("--runtime", "acme")
		outside := s.server("--runtime", "runc")
		s.docker("exec", "-d", outside, "httpd", "-p", "81", "-h", "/etc")
		to := s.address(outside)
		s.until("both answer", func() bool { return s.tries(a, "tcp:"+to+":80") == "ok" && s.tries(a, "tcp:"+to+":81") == "ok" })
		in := "tcp:" + s.address(a) + ":80"
		s.outcomes("without rules", outside, map[string]bool{in: true})
		s.follow(map[string]string{"globex": "", "acme": fmt.Sprintf(`network:
  egress:
  - {action: Allow, to: [{cidr: %[1]s/32}], ports: [{protocol: TCP, port: 81}]}
  - {action: Deny, to: [{cidr: %[1]s/32}]}
  ingress:
  - {action: Deny, from: [{cidr: %[1]s/32}], ports: [{protocol: TCP, port: 80}]}
`, to)})
		s.outcomes("with rules", a, map[string]bool{"tcp:" + to + ":80": false, "tcp:" + to + ":81": true, "ping:" + to: false})
		s.outcomes("with rules", outside, map[string]bool{in: false})
		if drops := s.drops("acme", a); drops["egress"] == 0 || drops["ingress"] == 0 {
			s.Errorf("counted are %v", drops)
		}
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	policy := func(all, each int) map[string]string {
		return map[string]string{"globex": "", "acme": fmt.Sprintf(
			"limits: {connections: %d}\ncontainer: {max: {connections: %d}}\nnetwork: {host: [{address: node, ports: [{protocol: TCP, port: %s}]}]}", all, each, nodePort)}
	}
	onOneSocket(t, node.Policy{Tenants: policy(1000, 1000)}, func(s *dockerStage) {
		s.Cleanup(s.serve())
		gateway := s.docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
		a, second := s.sleeper("--runtime", "acme"), s.sleeper("--runtime", "acme")
		flows := fmt.Sprintf("flows:15:%s:%s", gateway, nodePort)
		expect := func(what, container, want string) {
			s.Helper()
			if got := s.tries(container, flows); got != want {
				s.Errorf("%s: %s connections at once, want %s", what, got, want)
			}
		}
		expect("within the container's bound", a, "15")
		s.follow(policy(1000, 10))
		expect("beyond the container's bound", second, "10")
		s.follow(policy(5, 5))
		expect("beyond the tenant's bound", s.sleeper("--runtime", "acme"), "5")
		if drops := s.drops("acme", second); drops["connections"] == 0 {
			s.Errorf("counted are %v", drops)
		}
	})
}
