package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Two tenants of one node have different delegates, side by side.
func TestATenantChoosesCrun(t *testing.T) {
	if _, err := exec.LookPath("crun"); err != nil || !host.V2() {
		t.Skip("needs crun, which refuses hybrid cgroups (1.8.1): make test-vm")
	}
	p := node.Policy{Tenants: map[string]string{
		"acme":   "delegate: crun\nlimits: {memory: 128Mi, pids: 60}",
		"globex": "limits: {memory: 64Mi}",
	}}
	onEachEngine(t, p, func(s *stage) {
		crun, runc := s.start(s.sleeper("acme")), s.start(s.sleeper("globex"))
		for c, program := range map[*container]string{crun: "crun", runc: "runc"} {
			r, err := record.Load(s.node.Root(), record.Scope(c.Namespace), c.ID)
			s.must(err)
			if filepath.Base(r.Delegate) != program {
				s.Errorf("the delegate of %s is %s, want %s", c.Namespace, r.Delegate, program)
			}
			// Only the delegate that made it keeps state of this kind.
			status := map[string]string{"crun": "status", "runc": "state.json"}[program]
			if _, err := os.Stat(filepath.Join(r.StateRoot, c.ID, status)); err != nil {
				s.Errorf("%s made it: %v", program, err)
			}
		}
		s.belowItsTenant(crun, "acme", 128<<20)
		s.belowItsTenant(runc, "globex", 64<<20)
		p := crun.exec(nil, "true")
		if code := s.wait(p); code != 0 {
			s.Errorf("an exec under crun ended with %d", code)
		}
		s.apply(node.Policy{Tenants: map[string]string{
			"acme":   "delegate: crun\nlimits: {memory: 96Mi, pids: 60}",
			"globex": "limits: {memory: 64Mi}",
		}})
		s.belowItsTenant(crun, "acme", 96<<20)
	})
}

// belowItsTenant expects a memory limit on the tenant's cgroup around a
// container: crun makes one more level inside the container's own.
func (s *stage) belowItsTenant(c *container, tenant string, memory int64) {
	s.Helper()
	dir, err := host.CgroupDir(c.Pid(), "memory")
	s.must(err)
	for up := 0; dir != "/"; dir, up = filepath.Dir(dir), up+1 {
		name := filepath.Base(dir)
		if name == tenant+".t" || strings.HasSuffix(name, "-"+tenant+".slice") {
			if got := s.read(host.MemoryLimit, c, up); got != memory {
				s.Errorf("tenant %s has a memory limit of %d, want %d", tenant, got, memory)
			}
			return
		}
	}
	s.Errorf("process %d is not below the cgroup of tenant %s", c.Pid(), tenant)
}
