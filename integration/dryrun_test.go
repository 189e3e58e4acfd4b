package integration

import (
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func (s *stage) said(p node.Policy, flags ...string) string {
	s.Helper()
	res, err := s.node.ApplyWith(s.ctx, p, flags...)
	s.must(err)
	return res.Stdout + res.Stderr
}

// expectSaid expects each of these in what a command said.
func (s *stage) expectSaid(said string, want ...string) {
	s.Helper()
	for _, w := range want {
		if !strings.Contains(said, w) {
			s.Errorf("it did not say %q but:\n%s", w, said)
		}
	}
}

// A dry run says what would become of what runs, and changes nothing.
func TestADryRunReplaysWhatRuns(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{
		"acme":   "limits: {memory: 128Mi}\nsecurity: {level: privileged}",
		"globex": "limits: {memory: 128Mi}",
	}}, func(s *stage) {
		r := s.sleeper("acme")
		r.Spec = []oci.SpecOpts{oci.WithHostNamespace(specs.NetworkNamespace)}
		bold, plain := s.start(r), s.start(s.sleeper("globex"))
		before := s.limitsOf(bold, 1)
		said := s.said(node.Policy{Tenants: map[string]string{
			"acme":   "limits: {memory: 96Mi}", // at the level baseline
			"globex": "limits: {memory: 96Mi}",
		}}, "--dry-run")
		s.expectSaid(said,
			"container "+bold.Namespace+"/"+bold.ID+": refused: by namespaces: linux.namespaces[network] is the host's",
			"container "+plain.Namespace+"/"+plain.ID+": narrowed: ",
			"memory (linux/resources/memory",
			"of 2 running containers, started again: 1 refused, 1 narrowed")
		if got := s.limitsOf(bold, 1); got != before {
			s.Errorf("the dry run changed %+v to %+v", before, got)
		}
		gone := s.said(node.Policy{Tenants: map[string]string{"globex": ""}}, "--dry-run")
		s.expectSaid(gone, "container "+bold.Namespace+"/"+bold.ID+": refused: no tenant selects containerd namespace "+bold.Namespace)
	})
}

func TestApplySaysWhatHoldsForNewContainersOnly(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		s.start(s.sleeper("acme"))
		said := s.said(node.Policy{Tenants: map[string]string{
			"acme":   "limits: {memory: 128Mi}\nsecurity: {level: restricted}\ncontainer: {rlimits: {nofile: {hard: 512}}}",
			"globex": "limits: {memory: 64Mi}\nsecurity: {level: restricted}",
		}})
		s.expectSaid(said,
			"note: tenant/acme: security: holds for new containers; 1 run with what they were started with",
			"note: tenant/acme: container.rlimits: holds for new containers; 1 run with")
		if strings.Contains(said, "note: tenant/globex") {
			s.Errorf("of globex, which runs nothing, it said:\n%s", said)
		}
	})
}

// A tenant that gets a parent while it runs has its limits once.
func TestATenantThatGetsAParentStaysUntilItsLastContainer(t *testing.T) {
	onEachEngine(t, pair, func(s *stage) {
		first := s.start(s.sleeper("acme"))
		family := node.Policy{Tenants: map[string]string{
			"research": "limits: {memory: 512Mi}",
			"acme":     "parent: research\nlimits: {memory: 96Mi}",
			"globex":   "limits: {memory: 64Mi}",
		}}
		s.expectSaid(s.said(family), "note: tenant/acme: parent: ", "stays below that of no tenant until its last container has gone")
		second := s.start(s.sleeper("acme"))
		for _, c := range []*container{first, second} {
			if got := s.read(host.MemoryLimit, c, 1); got != 96<<20 {
				s.Errorf("%s: the tenant's limit is %d", c.ID, got)
			}
		}
		if used := s.read(host.PidsUsed, second, 1); used < 2 {
			s.Errorf("the tenant's cgroup counts %d processes: its two containers are apart", used)
		}
		first.delete()
		second.delete()
		third := s.start(s.sleeper("acme"))
		if got := s.read(host.MemoryLimit, third, 2); got != 512<<20 {
			s.Errorf("above the tenant there is a limit of %d, want its parent's", got)
		}
	})
}

func TestSqueezeReclaimsForALowerLimit(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 256Mi}"}}, func(s *stage) {
		c := s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(c, 96)
		below := node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 32Mi}"}}
		for _, flags := range [][]string{nil, {"--squeeze"}} { // nothing of it can be reclaimed
			s.expectSaid(s.said(below, flags...), "nothing was applied", "limits.memory 32Mi of tenant acme is below the ")
			if got := s.read(host.MemoryLimit, c, 1); got != 256<<20 || !host.Alive(c.Pid()) {
				s.Errorf("%v: the limit is %d, the container lives: %v", flags, got, host.Alive(c.Pid()))
			}
		}
		s.expectSaid(s.said(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 128Mi}"}}, "--squeeze"), "tenant/acme configured")
		if got := s.read(host.MemoryLimit, c, 1); got != 128<<20 {
			s.Errorf("the limit is %d, want what fits", got)
		}
	})
}
