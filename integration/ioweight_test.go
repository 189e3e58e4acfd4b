package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Where the disk's scheduler knows weights, who weighs three times as much
// writes more while both write all that they can. How much more is bfq's own
// matter: it shares the disk's time, and an emulated disk has a processor for
// its platter.
func TestBusyTenantsSplitADiskByWeight(t *testing.T) {
	if host.Disk("bulkhead-io") == "" {
		t.Skip("changes the scheduler of a disk: make test-vm")
	}
	onNewestEngine(t, acme, func(s *stage) {
		d := s.disk()
		scheduler := s.scheduler(d)
		s.apply(node.Policy{Tenants: map[string]string{"acme": "weight: 100\n" + d.listed(), "globex": "weight: 300\n" + d.listed()}})
		light, heavy := s.start(s.writing("acme", d)), s.start(s.writing("globex", d))
		s.begin()
		for _, c := range []*container{light, heavy} {
			_, err := c.Stdout.Line(s.ctx, "busy")
			s.must(err)
		}
		s.must(os.WriteFile(scheduler, []byte("bfq"), 0))
		byWeight := s.expectWritten(d, heavy, light, func(part float64) bool { return part > 65 && part < 85 })
		s.must(os.WriteFile(scheduler, []byte("none"), 0))
		alike := s.expectWritten(d, heavy, light, func(part float64) bool { return part > 40 && part < 60 })
		s.Logf("who weighs 3 to 1 wrote %.1f %% under bfq, and %.1f %% without a scheduler", byWeight, alike)
	})
}

// scheduler is the file that says who schedules a disk, which is none for now
// and again at the end.
func (s *stage) scheduler(d disk) string {
	s.Helper()
	link, err := os.Readlink("/sys/dev/block/" + d.number())
	s.must(err)
	file := filepath.Join("/sys/dev/block", link, "queue/scheduler")
	known, err := os.ReadFile(file)
	s.must(err)
	if !strings.Contains(string(known), "bfq") {
		s.Skipf("the disk's schedulers are %s: none shares by weight", strings.TrimSpace(string(known)))
	}
	for name := range strings.FieldsSeq(string(known)) {
		if now, ok := strings.CutPrefix(name, "["); ok {
			s.Cleanup(func() { s.must(os.WriteFile(file, []byte(strings.TrimSuffix(now, "]")), 0)) })
		}
	}
	return file
}

// writing is a container with four processes that write past the page cache,
// from when it may begin until it is deleted, three minutes at most.
func (s *stage) writing(tenant string, d disk) node.Run {
	r := s.busy(tenant)
	r.Spec = d.spec
	r.Args = []string{"sh", "-c", fmt.Sprintf(
		"read go; for i in 1 2 3 4; do timeout 180 sh -c \"while dd if=/dev/zero of=%s/%s$i bs=256k count=16 oflag=direct conv=notrunc 2>/dev/null; do :; done\" & done; echo busy; wait",
		d.folder, tenant)}
	return r
}

// expectWritten expects the first of two to write such a part of what both do, in
// percent; measured again while other load disturbs it.
func (s *stage) expectWritten(d disk, a, b *container, fits func(part float64) bool) (part float64) {
	s.Helper()
	const enough = 48 * mi
	for range 6 {
		fromA, fromB := s.written(a, d), s.written(b, d)
		var doneA, doneB int64
		for doneA+doneB < enough {
			select {
			case <-time.After(time.Second):
			case <-s.ctx.Done():
				s.Fatalf("they wrote only %d bytes", doneA+doneB)
			}
			doneA, doneB = s.written(a, d)-fromA, s.written(b, d)-fromB
		}
		if part = 100 * float64(doneA) / float64(doneA+doneB); fits(part) {
			return part
		}
		s.Logf("measured %.1f %%", part)
	}
	s.Errorf("the heavier of the two wrote %.1f %%", part)
	return part
}
