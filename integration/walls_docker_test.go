package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// rawOnDocker is the tenant of a daemon, with all that a network asks for.
var rawOnDocker = node.Policy{Tenants: map[string]string{"acme": rawNetwork}}

// gateway is that of a container's only network.
func (s *dockerStage) gateway(container string) string {
	s.Helper()
	return s.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", container)
}

// besideStock runs a test on each dockerd, and under the stock runtime.
func besideStock(t *testing.T, test func(s *dockerStage, walls bool)) {
	onEachDocker(t, rawOnDocker, func(s *dockerStage) {
		for _, walls := range []bool{false, true} {
			on, name := *s, "Bulkhead"
			if !walls {
				on, name = *s.stock(), "stock"
			}
			s.T.Run(name, func(t *testing.T) {
				on.T = t
				t.Cleanup(on.clean)
				test(&on, walls)
			})
		}
	})
}

func TestWallsInNetworksOfADocker(t *testing.T) {
	besideStock(t, func(s *dockerStage, walls bool) {
		s.Cleanup(s.serve())
		s.docker("network", "create", "backend")
		for _, network := range []string{"bridge", "backend"} {
			a := s.sleeper("--network", network)
			gateway := s.gateway(a)
			own := s.server("--network", network, "-p", "80")
			joined := s.sleeper("--network", "container:"+a)
			for _, from := range []string{a, joined} {
				s.outcomes(network, from, map[string]bool{
					"tcp:" + s.address(own) + ":80":    true,
					"tcp:" + gateway + ":" + nodePort:  !walls,
					"tcp:" + metadata + ":" + nodePort: !walls,
				})
			}
			if network == "backend" {
				if from := s.try("exec", a, "nslookup", "-type=a", own[:12]).Stdout; !strings.Contains(from, s.address(own)) {
					s.Errorf("Docker's resolver says %q", from)
				}
			}
			published := s.docker("port", own, "80/tcp")
			_, port, _ := strings.Cut(strings.Fields(published)[0], ":")
			for _, to := range []string{"127.0.0.1:" + port, gateway + ":" + port, s.address(own)} {
				s.inWorld(s.Node.Engine.Busybox(), "wget", "-qO-", "http://"+to+"/passwd")
			}
		}
	})
}

func TestInterfaceThatComesLaterHasWalls(t *testing.T) {
	besideStock(t, func(s *dockerStage, walls bool) {
		s.Cleanup(s.serve())
		s.docker("network", "create", "-o", "com.docker.network.bridge.name=later0", "later")
		gateway := s.docker("network", "inspect", "later", "--format", "{{(index .IPAM.Config 0).Gateway}}")
		a := s.sleeper()
		s.docker("exec", "-d", a, "probe", "try", "late:eth1")
		probe := filepath.Join(filepath.Dir(s.Node.Shim()), "probe")
		hear := s.Node.Enter(probe, "try", "hear:later0")
		var out strings.Builder
		hear.Stdout = &out
		s.must(hear.Start())
		s.docker("network", "connect", "later", a)
		s.must(hear.Wait())
		begin := time.Now()
		blocked := func() bool { return s.tries(a, "tcp:"+gateway+":"+nodePort) != "ok" }
		if got := blocked(); got != walls {
			s.Errorf("%v after the connect the node's services are closed: %v", time.Since(begin), got)
		}
		s.docker("network", "disconnect", "later", a)
		s.docker("network", "connect", "later", a)
		s.outcomes("again", a, map[string]bool{"tcp:" + gateway + ":" + nodePort: !walls})
		var frames int
		var window time.Duration
		for line := range strings.Lines(out.String()) {
			if said, ok := strings.CutPrefix(strings.TrimSpace(line), "hear:later0 "); ok {
				var text string
				_, err := fmt.Sscanf(strings.ReplaceAll(said, "-", " "), "%d frames in %s", &frames, &text)
				s.must(err)
				window, err = time.ParseDuration(text)
				s.must(err)
			}
		}
		s.Logf("raw frames that left by the new interface: %d, in %v", frames, window)
		if walls && window > 250*time.Millisecond || !walls && window < 250*time.Millisecond {
			s.Errorf("frames leave for %v", window)
		}
	})
}
