package integration

import (
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
)

// A container that has no capability may ping: its network is its own.
func TestPingWithoutCapabilities(t *testing.T) {
	onEachEngine(t, neighbours, func(s *stage) {
		r := s.trying([]string{"ping", "ping6"})
		r.Spec = []oci.SpecOpts{oci.WithUserID(1000), oci.WithCapabilities(nil)}
		for technique, outcome := range s.outcomes(r) {
			if outcome != "ok" {
				s.Errorf("%s: %s", technique, outcome)
			}
		}
		for technique, outcome := range s.outcomes(stock(r)) {
			if outcome != "EACCES" {
				s.Errorf("%s under the stock shim: %s, want EACCES: there is nothing to open", technique, outcome)
			}
		}
	})
}
