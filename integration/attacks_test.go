package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/contrib/seccomp"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/attack"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Each technique of the catalogue is tried where it can succeed, in a stock
// container, and in a tenant's.
func TestAttacksOfTheCatalogue(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		var techniques []string
		for _, r := range attack.Rows() {
			for _, try := range r.Tries {
				techniques = append(techniques, try.Technique)
			}
		}
		privileged, plain, ours := s.trying(techniques), s.trying(techniques), s.trying(techniques)
		cgroups := oci.WithMounts([]specs.Mount{{Type: "cgroup", Source: "cgroup", Destination: "/sys/fs/cgroup", Options: []string{"rw", "nosuid", "nodev", "noexec"}}})
		// A mount of cgroup2 in the node's own cgroup namespace takes the options of
		// the node's mount away, memory_recursiveprot among them: for the whole node.
		own := oci.WithLinuxNamespace(specs.LinuxNamespace{Type: specs.CgroupNamespace})
		privileged.Spec = []oci.SpecOpts{oci.WithPrivileged, oci.WithAllDevicesAllowed, own, cgroups}
		plain.Spec = []oci.SpecOpts{seccomp.WithDefaultProfile(), own, cgroups}
		ours.Spec = []oci.SpecOpts{cgroups}
		inPrivileged, inStock, inOurs := s.outcomes(stock(privileged)), s.outcomes(stock(plain)), s.outcomes(ours)
		tried, stopped, alsoStock := 0, 0, 0
		for _, r := range attack.Rows() {
			for _, try := range r.Tries {
				tried++
				if inOurs[try.Technique] != "ok" {
					stopped++
				}
				if inStock[try.Technique] != "ok" {
					alsoStock++
				}
				for _, in := range []struct{ where, got, want string }{
					{"privileged", inPrivileged[try.Technique], try.Privileged},
					{"under the stock shim", inStock[try.Technique], try.Stock},
					{"under Bulkhead", inOurs[try.Technique], try.Bulkhead},
				} {
					if !slices.Contains(strings.Split(in.want, "|"), in.got) {
						s.Errorf("row %s, %s %s: %q, want %q", r.Number, try.Technique, in.where, in.got, in.want)
					}
				}
			}
		}
		s.Logf("%d techniques: Bulkhead stops %d, the stock shim %d", tried, stopped, alsoStock)
	})
}

// trying is a container that tries techniques, in acme.
func (s *stage) trying(techniques []string) node.Run {
	r := s.sleeper("acme")
	r.Args = append([]string{"probe", "try"}, techniques...)
	return r
}

// outcomes runs a container to its end, and reads a line a technique.
func (s *stage) outcomes(r node.Run) map[string]string {
	s.Helper()
	c := s.start(r)
	code, err := c.Wait(s.ctx)
	s.must(err)
	if code != 0 {
		s.Fatalf("the prober ended with %d: %s", code, c.Stderr)
	}
	all := map[string]string{}
	for line := range strings.Lines(c.Stdout.String()) {
		if technique, outcome, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all[technique] = outcome
		}
	}
	return all
}
