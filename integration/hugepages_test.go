package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// withHugepages sets some aside for a test. Only a VM's may be changed so.
func (s *stage) withHugepages(count int) {
	s.Helper()
	if os.Getenv("BULKHEAD_TEST_VM") == "" {
		s.Skip("sets huge pages aside: make test-vm")
	}
	const file = "/proc/sys/vm/nr_hugepages"
	s.must(os.WriteFile(file, fmt.Append(nil, count), 0))
	s.Cleanup(func() { s.must(os.WriteFile(file, []byte("0"), 0)) })
	data, err := os.ReadFile(file)
	s.must(err)
	if got := strings.TrimSpace(string(data)); got != fmt.Sprint(count) {
		s.Fatalf("the machine has %s huge pages, want %d", got, count)
	}
}

func TestHugepagesOfATenantBindItsContainersTogether(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "limits: {hugepages-2Mi: 8Mi}", "globex": "limits: {hugepages-2Mi: 16Mi}"}}
	onNewestEngine(t, p, func(s *stage) {
		s.withHugepages(16)
		first := s.start(s.prober("acme", "huge", "3"))
		s.number(first.Process, "all")
		second := s.start(s.prober("acme", "huge", "3"))
		if code := second.wait(); code == 0 || !strings.Contains(second.Stdout.String(), "huge 1\n") || strings.Contains(second.Stdout.String(), "huge 2\n") {
			s.Errorf("beside 3 pages of 4 the second ended with %d and said %q, want one page", code, second.Stdout)
		}
		s.number(s.start(s.prober("globex", "huge", "6")).Process, "all") // its neighbour's are not its own
	})
}
