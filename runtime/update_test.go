package runtime

import (
	"context"
	"errors"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

func created(t *testing.T, rt *Runtime) Caller {
	t.Helper()
	dir, _ := bundle(t, nil)
	c := Caller{Namespace: "acme", ID: "c1", Bundle: dir}
	a, err := rt.Create(context.Background(), c, new(isolator.Request))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestUpdateSendsTheFullSetWithinTheTenant(t *testing.T) {
	rt := installed(t, policy)
	c := created(t, rt)
	for name, update := range map[string]*specs.LinuxResources{
		"unlimited memory":     {Memory: &specs.LinuxMemory{Limit: new(int64(-1))}},
		"a period alone":       {CPU: &specs.LinuxCPU{Period: new(uint64(1000))}},
		"an unlimited quota":   {CPU: &specs.LinuxCPU{Quota: new(int64(-1))}},
		"unlimited tasks":      {Pids: &specs.LinuxPids{Limit: new(int64(-1))}},
		"nothing that limits":  {BlockIO: &specs.LinuxBlockIO{Weight: new(uint16(100))}},
		"a unified key beside": {Unified: map[string]string{"memory.max": "max"}},
	} {
		err := rt.Update(context.Background(), c, update, func(full *specs.LinuxResources) error {
			if *full.Memory.Limit > 256<<20 {
				t.Errorf("%s: memory %d", name, *full.Memory.Limit)
			}
			if share := float64(*full.CPU.Quota) / float64(*full.CPU.Period); share > 1 || *full.CPU.Quota <= 0 {
				t.Errorf("%s: quota %d in %d", name, *full.CPU.Quota, *full.CPU.Period)
			}
			if *full.Pids.Limit > 64 {
				t.Errorf("%s: tasks %d", name, *full.Pids.Limit)
			}
			if v := full.Unified["memory.max"]; v == "max" {
				t.Errorf("%s: memory.max %s", name, v)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUpdateThatTheDelegateRefusesIsNotRecorded(t *testing.T) {
	rt := installed(t, policy)
	c := created(t, rt)
	before, err := record.Load(rt.root, record.Scope(c.Namespace), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	update := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: new(int64(64 << 20))}}
	broken := errors.New("runc: device or resource busy")
	if err := rt.Update(context.Background(), c, update, func(*specs.LinuxResources) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the delegate's error", err)
	}
	after, err := record.Load(rt.root, record.Scope(c.Namespace), c.ID)
	if err != nil || *after.Resources.Memory.Limit != *before.Resources.Memory.Limit {
		t.Errorf("recorded %+v, %v", after.Resources.Memory, err)
	}
}

func TestExecIsNarrowedNotRefused(t *testing.T) {
	rt := installed(t, policy)
	c := created(t, rt)
	asked := &specs.Process{Cwd: "/", Args: []string{"id"}, Env: []string{"A=b"}, Capabilities: &specs.LinuxCapabilities{
		Bounding: []string{"CAP_SYS_ADMIN", "CAP_CHOWN"}, Ambient: []string{"CAP_CHOWN"},
	}}
	p, err := rt.Exec(context.Background(), c, asked, isolator.Stdio{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Capabilities.Bounding, " "); got != "CAP_CHOWN" || p.Capabilities.Ambient != nil {
		t.Errorf("bounding %q, ambient %v", got, p.Capabilities.Ambient)
	}
	if len(p.Args) != 1 || len(p.Env) != 1 {
		t.Errorf("what runs was changed: %v %v", p.Args, p.Env)
	}
	if len(asked.Capabilities.Bounding) != 2 {
		t.Error("the request itself was changed")
	}
}

func TestRunningContainerOutlivesItsTenantsPolicy(t *testing.T) {
	rt := installed(t, policy)
	c := created(t, rt)
	_, withoutAcme, _ := strings.Cut(policy, "---")
	apply(t, rt.root, withoutAcme)
	if _, err := rt.Exec(context.Background(), c, &specs.Process{Cwd: "/"}, isolator.Stdio{}); err != nil {
		t.Errorf("a probe of a running container fails: %v", err)
	}
}
