package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
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
			before := s.standing()
			joined := s.sleeper("--network", "container:"+a)
			if after := s.standing(); len(after) != len(before) || walls && len(after) == 0 {
				s.Errorf("walls of %v stand, and of %v with one that joins another's network", before, after)
			}
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
	const runs = 3
	besideStock(t, func(s *dockerStage, walls bool) {
		s.Cleanup(s.serve())
		gateway := s.laterNetwork()
		a, own := s.sleeper(), s.server("--network", "later")
		for range runs {
			frames, window := s.connectLater(a)
			s.Logf("raw frames that left by the new interface: %d, in %v", frames, window)
			if walls && window > 250*time.Millisecond || !walls && window < 250*time.Millisecond {
				s.Errorf("frames leave for %v", window)
			}
			s.outcomes("after the connect", a, map[string]bool{"tcp:" + gateway + ":" + nodePort: !walls, "tcp:" + s.address(own) + ":80": true})
			s.docker("network", "disconnect", "later", a)
		}
	})
}

// Where nobody in the container lists rules (CAP_NET_ADMIN), the guard has a hook
// for the interface before it is there, if the kernel can.
func TestRawFramesWaitForWalls(t *testing.T) {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	if !guard.ClosesRaw(string(release)) {
		t.Skip("needs Linux 6.17")
	}
	p := node.Policy{Tenants: map[string]string{"acme": "security: {exceptions: {capabilities: [NET_RAW]}}\n" + pinged}}
	onEachDocker(t, p, func(s *dockerStage) {
		gateway := s.laterNetwork()
		a := s.sleeper()
		for range 2 {
			if frames, window := s.connectLater(a); frames != 0 {
				s.Errorf("%d raw frames left by the new interface in %v", frames, window)
			}
			s.until("the gateway can be pinged", func() bool { return s.tries(a, "ping:"+gateway) == "ok" })
			s.docker("network", "disconnect", "later", a)
		}
	})
}

// laterNetwork is one that containers are connected with while they run. It
// returns its gateway.
func (s *dockerStage) laterNetwork() string {
	s.Helper()
	s.docker("network", "create", "-o", "com.docker.network.bridge.name=later0", "later")
	return s.docker("network", "inspect", "later", "--format", "{{(index .IPAM.Config 0).Gateway}}")
}

// connectLater connects a container, which sends raw frames by the new interface
// as soon as it is up and for half a second, and says how many of them came to
// the bridge, and in how long.
func (s *dockerStage) connectLater(container string) (frames int, window time.Duration) {
	s.Helper()
	probe := filepath.Join(filepath.Dir(s.Node.Shim()), "probe")
	hear := s.Node.Enter(probe, "try", "hear:later0")
	var out strings.Builder
	hear.Stdout = &out
	sent, err := hear.StdinPipe()
	s.must(err)
	s.must(hear.Start())
	s.docker("exec", "-d", container, "probe", "try", "late")
	s.until("the prober looks", func() bool { return s.try("exec", container, "test", "-e", "/late").Code == 0 })
	s.docker("network", "connect", "later", container)
	s.until("the prober has sent", func() bool { return s.try("exec", container, "pidof", "probe").Code != 0 })
	s.must(sent.Close())
	s.must(hear.Wait())
	for line := range strings.Lines(out.String()) {
		if said, ok := strings.CutPrefix(strings.TrimSpace(line), "hear:later0 "); ok {
			var text string
			_, err := fmt.Sscanf(strings.ReplaceAll(said, "-", " "), "%d frames in %s", &frames, &text)
			s.must(err)
			window, err = time.ParseDuration(text)
			s.must(err)
		}
	}
	return frames, window
}
