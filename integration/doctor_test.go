package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/doctor"
)

// doctor is what the operator's program says of this node, as JSON.
func (s *stage) doctor(code int) (all []doctor.Result) {
	s.Helper()
	res, err := s.node.Bulkhead(s.ctx, "doctor", "-o", "json")
	s.must(err)
	if res.Code != code {
		s.Errorf("doctor ended with %d, want %d: %s", res.Code, code, res.Stderr)
	}
	s.must(json.Unmarshal([]byte(res.Stdout), &all))
	return all
}

// expectResult expects a check to say, at this level, something with all parts.
func (s *stage) expectResult(all []doctor.Result, check string, level doctor.Level, parts ...string) {
	s.Helper()
	for _, r := range all {
		holds := r.Check == check && r.Level == level
		for _, p := range parts {
			holds = holds && strings.Contains(r.What+"\n"+r.Means+"\n"+r.Fix, p)
		}
		if holds {
			return
		}
	}
	s.Errorf("%s does not say %s, with %q, but\n%+v", check, level, parts, all)
}

// Doctor finds the engine that runs and its delegate, and the ways around that
// this node leaves open.
func TestDoctorLooksAtThisNodesEngine(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		all := s.doctor(1)
		config := s.node.Dir() + "/config.toml"
		s.expectResult(all, "engines", doctor.OK, "containerd "+s.node.Engine.Version, " runs as ", "its configuration is "+config)
		s.expectResult(all, "runtimes", doctor.Warning, "containerd at "+s.node.Dir()+"/containerd.sock", "a client can choose the stock shim")
		s.expectResult(all, "sockets", doctor.OK, s.node.Dir()+"/containerd.sock is root's alone")
		s.expectResult(all, "glass", doctor.OK, "whole")
		s.expectResult(all, "kernel", doctor.OK, "Linux ")
		if s.node.Engine.Modern() {
			s.expectResult(all, "delegates", doctor.OK, s.node.Engine.Runc, "has the known fixes")
		} else {
			s.expectResult(all, "delegates", doctor.Warning, s.node.Engine.Runc, "is older than the fix of CVE-2024-21626", "distribution may have brought the fix back")
			s.expectResult(all, "delegates", doctor.Warning, s.node.Engine.Runc, "sets no user.* limits")
		}
		for _, r := range all {
			if r.Level != doctor.OK && (r.Means == "" || r.Fix == "") {
				s.Errorf("%+v does not say what it means and how to get it", r)
			}
		}
		s.glass("--for", "30m", "--reason", "INC-7")
		s.expectResult(s.doctor(1), "glass", doctor.Failure, "broken for tenant acme", "INC-7")
		s.glass("--end")
	})
}

// A tenant's process may have an engine's name; nothing of it is executed.
func TestDoctorTakesNoContainerForAnEngine(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "printf containerd >/proc/$$/comm; while :; do sleep 600; done"}
		c := s.start(r)
		s.must(node.Await(s.ctx, func() bool {
			comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", c.Pid()))
			return string(comm) == "containerd\n"
		}))
		for _, found := range s.doctor(1) {
			if strings.Contains(found.What, fmt.Sprintf("runs as %d,", c.Pid())) {
				s.Errorf("a container's process is taken for an engine: %+v", found)
			}
		}
	})
}
