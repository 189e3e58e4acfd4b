package integration

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// glass runs break-glass for acme.
func (s *stage) glass(args ...string) {
	s.Helper()
	res, err := s.node.Bulkhead(s.ctx, append([]string{"break-glass", "--tenant", "acme"}, args...)...)
	s.must(err)
	s.must(res.Failed())
}

// onTheHost asks for the host's network, which no tenant here has.
func (s *stage) onTheHost() node.Run {
	r := s.sleeper("acme")
	r.Spec = []oci.SpecOpts{oci.WithHostNamespace(specs.NetworkNamespace)}
	return r
}

// raises reports whether an exec gets a capability that its container lacks.
func (s *stage) raises(c *container) bool {
	s.Helper()
	return host.Has(s.posture(c.exec(everything, "sleep", "600")).Effective, host.CapSysAdmin)
}

func TestARefusedContainerStartsWhileTheGlassIsBroken(t *testing.T) {
	const refused = "refused by namespaces: linux.namespaces[network] is the host's"
	onEachEngine(t, acme, func(s *stage) {
		s.Cleanup(func() { s.glass("--end") })
		running := s.start(s.sleeper("acme"))
		_, err := s.node.Run(s.ctx, s.onTheHost())
		expectRefusal(s, err, refused)
		if s.raises(running) {
			s.Fatal("an exec got more than its tenant has")
		}

		s.glass("--for", "30m", "--reason", "INC-7")
		s.verify("broken", 1, "tenant/acme: enforcement is Audit until ", "its glass is broken: INC-7, want Enforce")
		bold := s.start(s.onTheHost())
		if e := s.lastEntry(); e.Container != bold.ID || e.Decision != record.Audited || e.Glass != "INC-7" || len(e.Denials) == 0 {
			s.Errorf("the log ends with %+v", e)
		}
		if !s.raises(running) || !s.raises(bold) {
			s.Error("an exec was narrowed while the glass is broken")
		}

		s.glass("--for", "1s", "--reason", "INC-7")
		s.must(node.Await(s.ctx, func() bool { return tenant.GlassOf(s.node.Root(), "acme") == nil }))
		_, err = s.node.Run(s.ctx, s.onTheHost())
		expectRefusal(s, err, refused)
		if s.raises(running) || s.raises(bold) {
			s.Error("an exec got more than its tenant has although the glass has ended")
		}
		s.verify("ended", 1, "container "+bold.Namespace+"/"+bold.ID+" of tenant acme: its enforcement is none, it was started under a broken glass")
		bold.delete()
		s.verify("with a process that was started under it", 1, "process.noNewPrivileges is false, want true; mend with: a new start of the container")
		running.delete()
		s.verify("without what was started under it", 0)
	})
}

func TestAGlassThatRootDidNotBreakOpensNothing(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		s.glass("--for", "30m", "--reason", "INC-7")
		s.Cleanup(func() { s.glass("--end") })
		s.start(s.onTheHost()).delete() // the positive control
		path := tenant.GlassFile(s.node.Root(), "acme")
		data, err := os.ReadFile(path)
		s.must(err)
		broken := new(tenant.Glass)
		s.must(json.Unmarshal(data, broken))
		broken.Boot = "of an earlier boot"
		earlier, err := json.Marshal(broken)
		s.must(err)
		for name, spoil := range map[string]func() error{
			"readable by all":    func() error { return os.Chmod(path, 0o644) },
			"another user's":     func() error { return os.Chown(path, 1000, 0) },
			"half written":       func() error { return os.WriteFile(path, data[:len(data)/2], 0o600) },
			"of an earlier boot": func() error { return os.WriteFile(path, earlier, 0o600) },
		} {
			s.step(name, func(s *stage) {
				s.must(os.WriteFile(path, data, 0o600))
				s.must(os.Chmod(path, 0o600))
				s.must(os.Chown(path, 0, 0))
				s.must(spoil())
				_, err := s.node.Run(s.ctx, s.onTheHost())
				expectRefusal(s, err, "linux.namespaces[network] is the host's")
			})
		}
	})
}
