package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// recommended is what recommend prints for a tenant, as a file, and what it says.
// The node's audit log knows the tenants of other tests too.
func (s *stage) recommended(tenant string, code int) (file, said string) {
	s.Helper()
	res, err := s.node.Bulkhead(s.ctx, "recommend", "--tenant", tenant)
	s.must(err)
	if res.Code != code {
		s.Fatalf("recommend ended with %d, want %d:\n%s%s", res.Code, code, res.Stdout, res.Stderr)
	}
	file = filepath.Join(s.TempDir(), tenant+".yaml")
	s.must(os.WriteFile(file, []byte(res.Stdout), 0o600))
	return file, res.Stdout + res.Stderr
}

// What a tenant in Audit does becomes the tenant under which all of it starts,
// and nothing else.
func TestRecommendedTenantRefusesNothingOfWhatRan(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"shop": `
enforcement: Audit
limits: {memory: 512Mi}   # of all
security:
  exceptions: {capabilities: [SYS_TIME, SYS_BOOT]}`}}, func(s *stage) {
		shared := s.TempDir()
		with := func(opts ...oci.SpecOpts) node.Run {
			r := s.sleeper("shop")
			r.Spec = opts
			return r
		}
		bind := func(option string) oci.SpecOpts {
			return oci.WithMounts([]specs.Mount{{Type: "bind", Source: shared, Destination: "/shared", Options: []string{"rbind", option}}})
		}
		s.must(os.Chmod(filepath.Dir(shared), 0o755))
		asked := []node.Run{
			with(),
			with(oci.WithHostNamespace(specs.NetworkNamespace)),
			with(oci.WithAddedCapabilities([]string{"CAP_SYS_ADMIN", "CAP_SYS_TIME"})),
			with(bind("ro")),
		}
		var ids []string
		for _, r := range asked {
			ids = append(ids, s.start(r).ID)
		}
		ended := s.start(with(oci.WithHostNamespace(specs.PIDNamespace)))
		asked = append(asked, with(oci.WithHostNamespace(specs.PIDNamespace)))
		ended.delete() // the log remembers it

		file, said := s.recommended("shop", 0)
		at := s.node.Namespace("shop") + "/"
		s.expectSaid(said,
			"# recommended: 4 running containers and ", "nothing of it needs security.exceptions.capabilities: SYS_BOOT, which is left out",
			"# recommended: its enforcement was Audit.", "# of all",
			"# needed by "+at+ids[1]+"\n      - Network", "# needed by "+at+ids[2]+"\n      - SYS_TIME", "# needed by "+at+ids[2]+"\n      - CAP_SYS_ADMIN",
			"# needed by "+at+ids[3]+"\n      - path: "+shared+"\n        readOnly: true", "# needed by "+at+ended.ID+"\n      - PID")
		for _, less := range []string{"enforcement: Audit", "privileged", "- SYS_BOOT"} {
			if strings.Contains(said, less) {
				s.Errorf("it recommends %s:\n%s", less, said)
			}
		}
		s.expectSaid(s.bulkhead("apply", "--dry-run", "-f", file), "of 4 running containers, started again: 0 refused")

		s.bulkhead("apply", "-f", file)
		for i, r := range asked {
			if i == 3 { // the recorded spec options are spent: one mount more
				r = with(bind("ro"))
			}
			s.start(r)
		}
		_, err := s.node.Run(s.ctx, with(oci.WithHostNamespace(specs.IPCNamespace)))
		expectRefusal(s, err, "linux.namespaces[ipc] is the host's")

		again, said := s.recommended("shop", 0) // it is a fixed point, but for what the log knows
		if strings.Contains(said, "left out") {
			s.Errorf("it recommends less of its own recommendation:\n%s", said)
		}
		one, err := os.ReadFile(file)
		s.must(err)
		two, err := os.ReadFile(again)
		s.must(err)
		if a, b := keysOf(one), keysOf(two); !slices.Equal(a, b) {
			s.Errorf("recommended once\n%s\nand again\n%s", one, two)
		}
	})
}

// keysOf are the lines that are no comment.
func keysOf(manifest []byte) (lines []string) {
	for line := range strings.Lines(string(manifest)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestRecommendSaysWhatNoTenantCanBeGiven(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"lab": "enforcement: Audit"}}, func(s *stage) {
		r := s.sleeper("lab")
		r.Spec = []oci.SpecOpts{annotated("org.systemd.property.SuccessAction", "'none'")}
		c := s.start(r)
		_, said := s.recommended("lab", 1)
		s.expectSaid(said, "enforcement: Audit", "bulkhead: no key of a tenant allows this: "+c.Namespace+"/"+c.ID+": refused by annotations: ")
	})
}
