package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// pair are two tenants who differ in a limit.
var pair = node.Policy{Tenants: map[string]string{
	"acme":   "limits: {memory: 128Mi}",
	"globex": "limits: {memory: 64Mi}",
}}

func TestContainerWithoutATenantDoesNotStart(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		want := fmt.Sprintf("refused: no tenant selects containerd namespace %s; add it to spec.selectors.containerdNamespaces of a Tenant, or set NodePolicy.defaultTenant",
			s.node.Namespace("nobody"))
		_, err := s.node.Run(s.ctx, s.sleeper("nobody"))
		expectRefusal(s, err, want)
		s.clean()
		s.start(stock(s.sleeper("nobody")))
	})
}

func TestContainerWithoutATenantGoesToTheDefaultTenant(t *testing.T) {
	p := node.Policy{Tenants: pair.Tenants, Node: "defaultTenant: globex"}
	onEachEngine(t, p, func(s *stage) {
		if got := s.read(host.MemoryLimit, s.start(s.sleeper("nobody")), 1); got != 64<<20 {
			s.Errorf("its tenant's memory is %d, want globex's", got)
		}
	})
}

func TestNothingStartsBeforeThereIsAPolicy(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		_, err := s.node.Run(s.ctx, s.sleeper("acme"))
		expectRefusal(s, err, tenant.ErrNoPolicy.Error())
		s.clean()
		s.start(stock(s.sleeper("acme")))
	})
}

func TestAnnotationNamesATenantOnlyWhereTheNodeTrustsIt(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		claims := s.sleeper("acme")
		claims.Spec = []oci.SpecOpts{annotated(tenant.Annotation, "globex")}
		if got := s.read(host.MemoryLimit, s.start(claims), 1); got != 128<<20 {
			s.Errorf("untrusted: its tenant's memory is %d, want acme's", got)
		}
		shared := claims
		shared.Namespace = s.node.Namespace("shared")
		s.apply(node.Policy{Tenants: pair.Tenants, Node: fmt.Sprintf("tenantAnnotation: {trustedContainerdNamespaces: [%s, %s]}", shared.Namespace, claims.Namespace)})
		if got := s.read(host.MemoryLimit, s.start(shared), 1); got != 64<<20 {
			s.Errorf("trusted: its tenant's memory is %d, want globex's", got)
		}
		_, err := s.node.Run(s.ctx, claims)
		expectRefusal(s, err, "name different tenants; make them agree")
	})
}

func TestNetworkOfAContainerIsSharedWithinATenantOnly(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		first := s.start(s.sleeper("acme"))
		with := func(name string) node.Run {
			r := s.sleeper(name)
			r.Spec = []oci.SpecOpts{joined(specs.NetworkNamespace, first.Pid())}
			return r
		}
		second := s.start(with("acme"))
		if a, b := s.posture(first.Process), s.posture(second.Process); a.Namespaces["net"] != b.Namespaces["net"] {
			s.Error("two containers of acme asked for one network and have two")
		}
		_, err := s.node.Run(s.ctx, with("globex"))
		expectRefusal(s, err, "linux.namespaces[network].path is a namespace that is not this tenant's, want a new one, or that of a running container of the same tenant; nothing allows this")
		s.start(stock(with("globex")))
	})
}

func TestRefusalReachesCtrAsOneSentence(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		for _, try := range []struct {
			namespace string
			flags     []string
			want      string
		}{
			{"acme", []string{"--net-host"}, "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]"},
			{"acme", []string{"--privileged", "--net-host"}, "refused by capabilities: process.capabilities is all that the node has, want what level baseline gives; allow with security.level: privileged; refused by devices: "},
			{"acme", []string{"--cap-add", "CAP_SYS_PTRACE", "--cap-add", "CAP_SYS_ADMIN"}, "allow with security.exceptions.capabilities: [CAP_SYS_ADMIN, CAP_SYS_PTRACE]"},
			{"nobody", nil, "refused: no tenant selects containerd namespace " + s.node.Namespace("nobody")},
		} {
			res, err := s.node.CtrRun(s.ctx, s.node.Namespace(try.namespace), node.Bulkhead, try.flags, "true")
			s.must(err)
			if said := sayings(res.Stderr); res.Code == 0 || len(said) != 1 || !strings.Contains(said[0], try.want) {
				s.Errorf("ctr run %v: exit %d, it said\n%q, want one line with\n%s", try.flags, res.Code, said, try.want)
			}
			s.clean()
			control, err := s.node.CtrRun(s.ctx, s.node.Namespace(try.namespace), node.Stock, try.flags, "true")
			s.must(err)
			s.must(control.Failed())
		}
	})
}

// sayings are the lines that ctr prints, without those that it logs.
func sayings(stderr string) []string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "time=") })
}
