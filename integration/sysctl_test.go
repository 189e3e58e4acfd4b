package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// parameter returns what a container sees of a parameter.
func (s *stage) parameter(r node.Run, name string) string {
	s.Helper()
	r.Args = []string{"sh", "-c", "echo is $(cat /proc/sys/" + strings.ReplaceAll(name, ".", "/") + ")"}
	value, err := s.start(r).Stdout.Line(s.ctx, "is")
	s.must(err)
	return value
}

func TestParametersOfTheKernel(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "", "globex": "security: {exceptions: {sysctls: [net.core.somaxconn]}}"}}
	onEachEngine(t, p, func(s *stage) {
		with := func(tenant, name, value string) node.Run {
			r := s.sleeper(tenant)
			r.Spec = []oci.SpecOpts{edit(func(spec *specs.Spec) { spec.Linux.Sysctl = map[string]string{name: value} })}
			return r
		}
		const ports, backlog = "net.ipv4.ip_local_port_range", "net.core.somaxconn"
		if got := strings.Fields(s.parameter(with("acme", ports, "40000 50000"), ports)); !slices.Equal(got, []string{"40000", "50000"}) {
			s.Errorf("%s is %q, want what was asked for", ports, got)
		}
		s.denied(with("acme", backlog, "777"), `refused by sysctl: linux.sysctl["net.core.somaxconn"] is "777", want one that level baseline gives; allow with security.exceptions.sysctls: [net.core.somaxconn]`)
		for who, r := range map[string]node.Run{"with the exception": with("globex", backlog, "777"), "under the stock shim": stock(with("acme", backlog, "777"))} {
			if got := s.parameter(r, backlog); got != "777" {
				s.Errorf("%s: %s is %q, want 777", who, backlog, got)
			}
		}
		// Below us runc refuses it too; what another delegate does is its own affair.
		s.denied(with("acme", "kernel.core_pattern", "core"), `refused by sysctl: linux.sysctl["kernel.core_pattern"] is "core"`)
		s.denied(with("acme", "kernel.shm_rmid_forced", "1+kernel.core_pattern=core"), `refused by sysctl: linux.sysctl["kernel.shm_rmid_forced"] is "1+`)
	})
}

// denied starts a container that must not start.
func (s *stage) denied(r node.Run, sentence string) {
	s.Helper()
	c, err := s.node.Run(s.ctx, r)
	if err == nil {
		s.keep(c)
	}
	expectRefusal(s, err, sentence)
}
