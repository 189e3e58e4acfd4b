package integration

import (
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// What containers with all that a network asks for try, and what must not help
// them.
const rawNetwork = "security: {exceptions: {capabilities: [NET_ADMIN, NET_RAW]}}\n"

// Services of the node itself: on all of its addresses, and where clouds have
// their metadata.
const nodePort, metadata = "7000", "169.254.169.254"

// serve runs a server of the node itself until the returned function is called.
func (s *dockerStage) serve() (end func()) {
	s.Helper()
	s.inWorld("ip", "addr", "add", metadata+"/32", "dev", "lo")
	server := s.Node.Enter(s.Node.Engine.Busybox(), "httpd", "-f", "-p", nodePort, "-h", "/etc")
	s.must(server.Start())
	return func() {
		if err := server.Process.Kill(); err != nil {
			s.Error(err)
		}
		_ = server.Wait() // killed
		s.inWorld("ip", "addr", "del", metadata+"/32", "dev", "lo")
	}
}

// inWorld runs a program in the daemon's world.
func (s *dockerStage) inWorld(program string, args ...string) string {
	s.Helper()
	res, err := node.Finish(s.ctx, s.Node.Enter(program, args...))
	s.must(err)
	if err := res.Failed(); err != nil {
		s.Errorf("%s %s: %v", program, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// server starts a container that answers on port 80.
func (s *dockerStage) server(options ...string) string {
	s.Helper()
	return s.run(append(options, node.ImageName, "httpd", "-f", "-p", "80", "-h", "/etc")...)
}

// address is a container's in its only network.
func (s *dockerStage) address(container string) string {
	s.Helper()
	return s.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container)
}

// tries runs a technique of the prober in a container, and returns what came of
// it.
func (s *dockerStage) tries(container, technique string) string {
	s.Helper()
	out := s.docker("exec", container, "probe", "try", technique)
	return strings.TrimPrefix(out, technique+" ")
}

// outcomes expects what comes of techniques, which are tried at once.
func (s *dockerStage) outcomes(where, container string, want map[string]bool) {
	s.Helper()
	args := append([]string{"exec", container, "probe", "together"}, slices.Sorted(maps.Keys(want))...)
	for line := range strings.Lines(s.docker(args...)) {
		technique, got, _ := strings.Cut(strings.TrimSpace(line), " ")
		if through := want[technique]; (got == "ok") != through {
			s.Errorf("%s: %s is %s, want through: %v", where, technique, got, through)
		}
	}
}

// standing are the keys of the walls in the daemon's world.
func (s *dockerStage) standing() []string {
	s.Helper()
	return (&stage{T: s.T, node: s.Node, ctx: s.ctx}).standing()
}
