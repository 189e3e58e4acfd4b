package integration

import (
	"net/url"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// everything asks for every right that a process can have.
func everything(p *specs.Process) {
	all := allCapabilities()
	p.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all, Inheritable: all, Ambient: all}
	p.NoNewPrivileges = false
	p.User = specs.User{}
}

func TestExecCannotRaiseItsRights(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		held := s.posture(c.Process)
		got := s.posture(c.exec(everything, "sleep", "600"))
		if got.Bounding&^held.Bounding != 0 || got.Effective&^held.Effective != 0 || got.Permitted&^held.Permitted != 0 {
			s.Errorf("the exec holds %x, its container %x", got.Effective, held.Effective)
		}
		if got.Inheritable|got.Ambient != 0 {
			s.Errorf("the exec has inheritable %x and ambient %x, want none", got.Inheritable, got.Ambient)
		}
		if !got.NoNewPrivileges || got.Seccomp != host.SeccompFilter {
			s.Errorf("the exec has no_new_privs %v and seccomp %v, want its container's", got.NoNewPrivileges, got.Seccomp)
		}
		control := s.posture(s.start(stock(s.sleeper("acme"))).exec(everything, "sleep", "600"))
		if !host.Has(control.Effective, host.CapSysAdmin) || control.NoNewPrivileges {
			s.Errorf("under the stock shim the exec holds %x, no_new_privs %v; want CAP_SYS_ADMIN, and false",
				control.Effective, control.NoNewPrivileges)
		}
	})
}

// A health check of a running container must not fail because of a policy that
// came later.
func TestExecIsNotRefusedWhenThePolicyTightens(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		for _, p := range []node.Policy{
			{Tenants: map[string]string{"acme": "security: {level: restricted}"}},
			{Tenants: map[string]string{"globex": ""}}, // acme is gone
		} {
			s.apply(p)
			if code := s.wait(c.exec(nil, "true")); code != 0 {
				s.Errorf("after %v: exit code %d", p.Tenants, code)
			}
			got := s.posture(c.exec(everything, "sleep", "600"))
			if host.Has(got.Bounding, host.CapSysAdmin) {
				s.Errorf("after %v: the exec holds %x", p.Tenants, got.Bounding)
			}
		}
	})
}

func TestTighteningRefusesNewContainers(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		root := s.sleeper("acme")
		root.Spec = []oci.SpecOpts{oci.WithUserID(0)}
		s.start(root)
		s.apply(node.Policy{Tenants: map[string]string{"globex": ""}})
		_, err := s.node.Run(s.ctx, root)
		expectRefusal(s, err, "refused: no tenant selects containerd namespace "+s.node.Namespace("acme"))
	})
}

func TestExecCannotLogToAProgram(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		dir := s.TempDir()
		marker := filepath.Join(dir, "logged")
		program, err := url.Parse("binary://" + s.script(dir, "logger", marker, "exec 5>&-"))
		s.must(err)
		log := node.Run{Args: []string{"true"}, LogURI: program}
		_, err = s.start(s.sleeper("acme")).Exec(s.ctx, log, nil)
		expectRefusal(s, err, "refused by stdio: stdio.stdout is ")
		if exists(marker) {
			s.Error("it was refused, and yet the program ran")
		}
		p, err := s.start(stock(s.sleeper("acme"))).Exec(s.ctx, log, nil)
		s.must(err)
		s.must(node.Await(s.ctx, func() bool { return exists(marker) }))
		s.must(p.Remove(s.ctx))
	})
}
