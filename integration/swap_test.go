package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// withSwap gives the machine some swap for a test. Only a VM's may be changed so.
func (s *stage) withSwap() {
	s.Helper()
	if os.Getenv("BULKHEAD_TEST_VM") == "" {
		s.Skip("turns swap on: make test-vm")
	}
	file := filepath.Join(s.node.Dir(), "swap")
	s.must(os.WriteFile(file, make([]byte, 128<<20), 0o600))
	for _, command := range [][]string{{"mkswap", file}, {"swapon", file}} {
		if out, err := exec.CommandContext(s.ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			s.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	s.Cleanup(func() {
		if out, err := exec.Command("swapoff", file).CombinedOutput(); err != nil {
			s.Errorf("swapoff: %v\n%s", err, out)
		}
		s.must(os.Remove(file))
	})
}

// 96 MiB fit into 64 of memory with as much swap, and are too much without.
func TestSwapOfATenantIsWhatItsLimitAllows(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 64Mi, swap: 64Mi}", "globex": "limits: {memory: 64Mi}"}}
	onNewestEngine(t, p, func(s *stage) {
		s.withSwap()
		swaps := s.start(s.prober("acme", "memory", "96"))
		s.untilTouched(swaps, 96)
		swaps.delete()
		if code := s.start(s.prober("globex", "memory", "96")).wait(); code != 128+9 {
			s.Errorf("without swap it ended with %d, want 137", code)
		}
	})
}
