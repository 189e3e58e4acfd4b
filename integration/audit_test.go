package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

func TestAuditLogsWhatEnforceDeniesAndStartsIt(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		for _, r := range s.refusals("acme") {
			s.step(r.name, func(s *stage) {
				s.apply(acme)
				_, err := s.node.Run(s.ctx, r.run)
				expectRefusal(s, err, r.want)
				refused := s.lastEntry()

				s.apply(node.Policy{Tenants: map[string]string{"acme": "enforcement: Audit\nlimits: {cpu: \"2\", memory: 512Mi}"}})
				s.start(r.run)
				audited := s.lastEntry()

				if refused.Decision != record.Refused || audited.Decision != record.Audited {
					s.Errorf("the log says %s and %s, want refused and audited", refused.Decision, audited.Decision)
				}
				if refused.Container == audited.Container || refused.Denials.Error() != audited.Denials.Error() {
					s.Errorf("Enforce denied\n  %v, Audit\n  %v", refused.Denials, audited.Denials)
				}
			})
		}
	})
}

func TestAuditChangesNothing(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "enforcement: Audit\nlimits: {memory: 64Mi, pids: 10}"}}, func(s *stage) {
		asked, control := s.start(s.sleeper("acme")), s.start(stock(s.sleeper("acme")))
		if got, want := s.limitsOf(asked, 0), s.limitsOf(control, 0); got != want {
			s.Errorf("limits are %+v, under the stock shim %+v", got, want)
		}
		got, want := s.posture(asked.Process), s.posture(control.Process)
		if got.Bounding != want.Bounding || got.Seccomp != want.Seccomp || got.Namespaces["cgroup"] != want.Namespaces["cgroup"] {
			s.Errorf("it holds %+v, under the stock shim %+v", got, want)
		}
		exec := s.posture(asked.exec(everything, "sleep", "600"))
		if !host.Has(exec.Effective, host.CapSysAdmin) {
			s.Errorf("an exec holds %x, want what it asked for", exec.Effective)
		}
	})
}

func TestExemptNamespaceRunsAsAskedAndIsLogged(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		name := s.node.Namespace("system")
		s.apply(node.Policy{Node: "exemptions: {containerdNamespaces: [" + name + "]}"})
		for _, r := range s.refusals("system")[:3] { // host namespaces
			c := s.start(r.run)
			if e := s.lastEntry(); e.Decision != record.Exempted || e.Container != c.ID {
				s.Errorf("%s: the log's last entry is %s of %s, want exempt of %s", r.name, e.Decision, e.Container, c.ID)
			}
		}
	})
}

// lastEntry is the last line of the audit log.
func (s *stage) lastEntry() record.Entry {
	s.Helper()
	data, err := os.ReadFile(s.node.Root().Path("/var/log/bulkhead/audit.jsonl"))
	s.must(err)
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	var e record.Entry
	s.must(json.Unmarshal(lines[len(lines)-1], &e))
	return e
}
