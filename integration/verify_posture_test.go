package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// What runs is read from outside, as the kernel has it, after everything that an
// engine does with it.
func TestVerifyHoldsForEverythingThatRuns(t *testing.T) {
	policy := node.Policy{Tenants: map[string]string{
		"acme":   bounded.Tenants["acme"],
		"globex": "security: {level: restricted}",
		"inite":  "security: {level: baseline, exceptions: {capabilities: [NET_RAW, SYS_PTRACE]}}",
	}}
	onEachEngine(t, policy, func(s *stage) {
		plain, user, able := s.sleeper("acme"), s.sleeper("globex"), s.sleeper("inite")
		user.Spec = []oci.SpecOpts{oci.WithUserID(1000)}
		able.Spec = []oci.SpecOpts{oci.WithAddedCapabilities([]string{"CAP_SYS_PTRACE"})}
		c := s.start(plain)
		s.start(user)
		s.start(able)
		const holds = "3 tenants and 3 containers hold"
		s.verify("as they started", 0, holds)

		_, err := c.Exec(s.ctx, s.sleeper("acme"), func(p *specs.Process) {
			p.Capabilities = everyCapability()
		})
		s.must(err)
		s.verify("after an exec", 0, holds)

		limit := int64(96 << 20)
		s.must(c.Update(s.ctx, &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &limit}}))
		s.verify("after an update", 0, holds)

		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.verify("after the engine was killed", 0, holds)
	})
}

// everyCapability is what a privileged exec asks for.
func everyCapability() *specs.LinuxCapabilities {
	all := []string{"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_RAW", "CAP_MKNOD"}
	return &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
}

func TestVerifyFindsAProcessWithTheNodesRights(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		intruder := exec.Command("sleep", "600")
		s.must(intruder.Start())
		pid := strconv.Itoa(intruder.Process.Pid)
		end := func() {
			_ = intruder.Process.Kill()
			_ = intruder.Wait()
		}
		s.Cleanup(end)
		controllers := []string{"devices", "pids"}
		for _, controller := range controllers {
			dir, err := host.CgroupDir(c.Pid(), controller)
			s.must(err)
			s.must(os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(pid), 0))
		}
		s.verify("with a process of the node's", 1,
			"process "+pid+": process.capabilities.bounding is with CAP_",
			"process "+pid+": linux.seccomp is off, want a filter",
			"process "+pid+": linux.namespaces[pid] is the node's, want another; mend with: a new start")
		end()
		s.verify("when it is gone", 0, "1 tenant and 1 container hold")
	})
}

func TestVerifyFindsAMountThatNobodyAskedFor(t *testing.T) {
	onEachEngine(t, bounded, func(s *stage) {
		c := s.start(s.sleeper("acme"))
		inside := func(args ...string) {
			s.Helper()
			args = append([]string{"--mount=/proc/" + strconv.Itoa(c.Pid()) + "/ns/mnt", "/bin/busybox"}, args...)
			if out, err := exec.CommandContext(s.ctx, "nsenter", args...).CombinedOutput(); err != nil {
				s.Fatalf("nsenter %v: %v: %s", args, err, out)
			}
		}
		inside("mount", "-t", "tmpfs", "stowaway", "/tmp")
		s.verify("with a mount more", 1, "mounts is / of stowaway at /tmp, want only those that were given")
		inside("umount", "/tmp")
		s.verify("without it", 0, "1 tenant and 1 container hold")
		inside("umount", "/proc/sys")
		s.verify("with a read-only path opened", 1, "linux.readonlyPaths is /proc/sys is open, want as given")
	})
}
