package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// sandboxed is a tenant whose containers are run by runsc.
var sandboxed = node.Policy{Tenants: map[string]string{"acme": `
delegate: runsc
limits: {cpu: "2", memory: 512Mi, pids: 400}
container: {default: {memory: 256Mi, pids: 200}, max: {cpu: "1", memory: 256Mi, pids: 200}}
`}}

func needsRunsc(t *testing.T) {
	t.Helper()
	if nodes[0].Engine.Runsc() == "" {
		t.Skip("needs runsc; run: make engines")
	}
}

func onEachEngineWithRunsc(t *testing.T, p node.Policy, test func(*stage)) {
	needsRunsc(t)
	onEachEngine(t, p, test)
}

func TestRunscRunsATenantsContainers(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		r := s.sleeper("acme")
		r.Args = []string{"sh", "-c", "dmesg; exec sleep 600"}
		c := s.start(r)
		if got := filepath.Base(host.Program(c.Pid())); got != "runsc" {
			s.Errorf("the container's process is %s, want its sandbox", got)
		}
		got, err := record.Load(s.node.Root(), record.Scope(c.Namespace), c.ID)
		s.must(err)
		if want := filepath.Join(s.node.Root().SandboxState(), c.Namespace); got.StateRoot != want {
			s.Errorf("its state is in %s, want %s", got.StateRoot, want)
		}
		p := c.exec(nil, "sh", "-c", "cat /proc/version; exit 7")
		if code := s.wait(p); code != 7 {
			s.Errorf("an exec ended with %d, want its own 7", code)
		}
		if !strings.Contains(p.Stdout.String(), "Linux version 4.") {
			s.Errorf("its kernel is %s, want gVisor's", p.Stdout)
		}
		const mi = 1 << 20
		if got, want := s.limitsOf(c, 0), (limits{256 * mi, 200, 1000}); got != want {
			s.Errorf("its limits are %+v, want %+v", got, want)
		}
		if got, want := s.limitsOf(c, 1), (limits{512 * mi, 400, 2000}); got != want {
			s.Errorf("its tenant's limits are %+v, want %+v", got, want)
		}
		c.delete()
		s.clean()
	})
}

func TestRunscContainerEndsAtItsMemoryLimit(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "delegate: runsc\nlimits: {memory: 512Mi}\ncontainer: {max: {memory: 128Mi}}"}}
	onEachEngineWithRunsc(t, p, func(s *stage) {
		fits := s.start(s.prober("acme", "memory", "32"))
		s.number(fits.Process, "touched")
		s.expectOOM(s.prober("acme", "memory", "256"), s.sleeper("acme"))
	})
}

func TestRunscIsVerifiedAsASandbox(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		s.wait(c.exec(nil, "true"))
		s.verify("as it started", 0, "1 tenant and 1 container hold")
		intruder := exec.Command("sleep", "600")
		s.must(intruder.Start())
		s.Cleanup(func() {
			_ = intruder.Process.Kill()
			_ = intruder.Wait()
		})
		pid := strconv.Itoa(intruder.Process.Pid)
		dir, err := host.CgroupDir(c.Pid(), "devices")
		s.must(err)
		s.must(os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(pid), 0))
		s.verify("with a process of the node's", 1,
			"process "+pid+": process.capabilities.bounding is with CAP_",
			"process "+pid+": seccomp of the sandbox is off, want a filter",
			"process "+pid+": mount namespace of the sandbox is the node's, want another")
	})
}

func TestRunscLimitsChangeWhileItRuns(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		const mi = 1 << 20
		most := limits{256 * mi, 200, 1000}
		less, more, few := int64(96*mi), int64(8<<30), int64(100)
		s.must(c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &less}, Pids: &specs.LinuxPids{Limit: &few}}))
		if got, want := s.limitsOf(c, 0), (limits{96 * mi, 100, 1000}); got != want {
			s.Errorf("after an update its limits are %+v, want %+v", got, want)
		}
		s.must(c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &more, Swap: &more}, Pids: &specs.LinuxPids{Limit: &more}}))
		if got := s.limitsOf(c, 0); got != most {
			s.Errorf("after an update beyond the tenant its limits are %+v, want %+v", got, most)
		}
		s.apply(node.Policy{Tenants: map[string]string{"acme": `
delegate: runsc
limits: {cpu: "2", memory: 512Mi, pids: 400}
container: {max: {cpu: 500m, memory: 128Mi, pids: 150}}
`}})
		if got, want := s.limitsOf(c, 0), (limits{128 * mi, 150, 500}); got != want {
			s.Errorf("after an apply its limits are %+v, want %+v", got, want)
		}
		s.verify("after an apply", 0, "1 tenant and 1 container hold")
	})
}

func TestRunscContainersPauseAndSayWhatTheyUse(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		ctx := c.Context(s.ctx)
		s.must(c.Task().Pause(ctx))
		s.must(c.Task().Resume(ctx))
		if _, err := c.Task().Metrics(ctx); err != nil {
			s.Errorf("metrics: %v", err)
		}
		pids, err := c.Task().Pids(ctx)
		s.must(err)
		if len(pids) != 1 || int(pids[0].Pid) != c.Pid() {
			s.Errorf("its processes on the node are %v, want its sandbox's, %d", pids, c.Pid())
		}
		_, err = c.Task().Checkpoint(ctx)
		expectRefusal(s, err, "refused by checkpoint: checkpoint is asked for, want none")
		s.must(c.Task().Kill(ctx, syscall.SIGTERM))
		if code := c.wait(); code != 128+15 {
			s.Errorf("it ended with %d, want 143", code)
		}
	})
}

// What is in the way of making a sandbox leaves nothing behind.
func TestRunscThatCannotStartLeavesNothing(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		few := s.sleeper("acme")
		few.Spec = []oci.SpecOpts{oci.WithPidsLimit(3)}
		if c, err := s.node.Run(s.ctx, few); err == nil {
			s.keep(c)
			s.Error("a sandbox runs with 3 processes")
		} else {
			s.Log(err)
		}
		s.clean()
		missing := s.sleeper("acme")
		missing.Args = []string{"/there/is/none"}
		if c, err := s.node.Run(s.ctx, missing); err == nil {
			s.keep(c)
			s.Error("it started a program that is not there")
		} else {
			s.Log(err)
		}
		s.clean()
	})
}

// No client chooses how runsc runs: its own list of what an annotation may
// change without the operator's word has the host's sockets.
func TestRunscTakesNoFlagFromAnAnnotation(t *testing.T) {
	onEachEngineWithRunsc(t, sandboxed, func(s *stage) {
		for _, key := range []string{"dev.gvisor.flag.host-uds", "dev.gvisor.flag.platform", "dev.gvisor.bundle.experimental-high-performance", "dev.gvisor.spec.mount.data.source"} {
			r := s.sleeper("acme")
			r.Spec = []oci.SpecOpts{oci.WithAnnotations(map[string]string{key: "all"})}
			_, err := s.node.Run(s.ctx, r)
			expectRefusal(s, err, `refused by annotations: annotations["`+key+`"] is set, want none that steers a runtime; nothing allows this`)
		}
		c := s.start(s.sleeper("acme"))
		line := host.Command(c.Pid())
		for _, flag := range []string{"--platform=systrap", "--network=sandbox", "--directfs=false", "--host-uds=none", "--allow-flag-override=false", "--ignore-cgroups=false"} {
			if !strings.Contains(line+" ", " "+flag+" ") {
				s.Errorf("the sandbox is %s, want it with %s", line, flag)
			}
		}
	})
}

// A sandbox has nothing of other containers' or the host's to share.
func TestRunscRefusesWhatASandboxCannotShare(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": sandboxed.Tenants["acme"] + "security: {exceptions: {hostNamespaces: [Network, PID, IPC]}}\n"}}
	onEachEngineWithRunsc(t, p, func(s *stage) {
		host := s.sleeper("acme")
		host.Spec = []oci.SpecOpts{oci.WithHostNamespace(specs.NetworkNamespace), oci.WithHostNamespace(specs.PIDNamespace)}
		_, err := s.node.Run(s.ctx, host)
		for _, kind := range []string{"network", "pid"} {
			expectRefusal(s, err, "refused by delegate: linux.namespaces["+kind+"] is the host's, want an own one: the kernel of a sandbox has none of the host's; allow with delegate: runc")
		}
		c := s.start(s.sleeper("acme"))
		_, err = s.node.Run(s.ctx, s.sharing("acme", specs.NetworkNamespace, inProc(c.Pid(), "net")))
		expectRefusal(s, err, "refused by delegate: linux.namespaces[network].path is set, want an own one: the kernel of a sandbox shares none with another container; allow with delegate: runc")
	})
}

// Tenants of one node have each its delegate, side by side.
func TestRunscAndRuncRunSideBySide(t *testing.T) {
	tenants := map[string]string{"acme": sandboxed.Tenants["acme"], "globex": "limits: {memory: 64Mi}"}
	if _, err := exec.LookPath("crun"); err == nil && host.V2() {
		tenants["inite"] = "delegate: crun\nlimits: {memory: 64Mi}"
	}
	onEachEngineWithRunsc(t, node.Policy{Tenants: tenants}, func(s *stage) {
		for tenant := range tenants {
			c := s.start(s.sleeper(tenant))
			if got, want := filepath.Base(host.Program(c.Pid())) == "runsc", tenant == "acme"; got != want {
				s.Errorf("%s runs in a sandbox: %v, want %v", tenant, got, want)
			}
			if code := s.wait(c.exec(nil, "true")); code != 0 {
				s.Errorf("an exec of %s ended with %d", tenant, code)
			}
		}
		s.verify("side by side", 0, fmt.Sprintf("%d tenants and %d containers hold", len(tenants), len(tenants)))
	})
}

// In Audit nothing is changed, the kernel neither.
func TestRunscIsNotUsedInAudit(t *testing.T) {
	onEachEngineWithRunsc(t, node.Policy{Tenants: map[string]string{"acme": "enforcement: Audit\ndelegate: runsc"}}, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		if got := filepath.Base(host.Program(c.Pid())); got == "runsc" {
			s.Error("a container in Audit runs in a sandbox")
		}
	})
}
