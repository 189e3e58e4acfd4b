package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// sandboxed is a tenant whose containers are run by runsc.
var sandboxed = node.Policy{Tenants: map[string]string{"acme": `
delegate: runsc
limits: {cpu: "2", memory: 512Mi, pids: 400}
container: {default: {memory: 256Mi, pids: 200}, max: {cpu: "1", memory: 256Mi, pids: 200}}
`}}

func TestRunscRunsATenantsContainers(t *testing.T) {
	onEachEngine(t, sandboxed, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "dmesg; exec sleep 600"}
		c := s.start(r)
		if got := filepath.Base(host.Program(c.Pid())); got != "runsc" {
			s.Errorf("the container's process is %s, want its sandbox", got)
		}
		got, err := record.Load(s.node.Root(), record.Scope(c.Namespace), c.ID)
		s.must(err)
		if want := filepath.Join(s.node.Root().SandboxState(), c.Namespace); got.StateRoot != want {
			s.Errorf("its state is in %s, want %s", got.StateRoot, want)
		}
		p := c.exec(nil, "sh", "-c", "cat /proc/version; exit 7")
		if code := s.wait(p); code != 7 {
			s.Errorf("an exec ended with %d, want its own 7", code)
		}
		if !strings.Contains(p.Stdout.String(), "Linux version 4.") {
			s.Errorf("its kernel is %s, want gVisor's", p.Stdout)
		}
		const mi = 1 << 20
		if got, want := s.limitsOf(c, 0), (limits{256 * mi, 200, 1000}); got != want {
			s.Errorf("its limits are %+v, want %+v", got, want)
		}
		if got, want := s.limitsOf(c, 1), (limits{512 * mi, 400, 2000}); got != want {
			s.Errorf("its tenant's limits are %+v, want %+v", got, want)
		}
		c.delete()
		s.clean()
	})
}

func TestRunscContainerEndsAtItsMemoryLimit(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "delegate: runsc\nlimits: {memory: 512Mi}\ncontainer: {max: {memory: 128Mi}}"}}
	onEachEngine(t, p, func(s *stage) {
		fits := s.start(s.prober("acme", "memory", "32"))
		s.number(fits.Process, "touched")
		s.expectOOM(s.prober("acme", "memory", "256"), s.sleeper("acme"))
	})
}
