package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

const mebi = 1 << 20

// ofAcme are what a container of acmeOnDocker has that asks for nothing.
var ofAcme = limits{128 * mebi, 100, 500}

func (s *dockerStage) expectLimits(container string, want limits) {
	s.Helper()
	if got := s.limits(container); got != want {
		s.Errorf("its limits are %+v, want %+v", got, want)
	}
}

func (s *dockerStage) expect(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestDockerRunsContainersWithinTheirTenant(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		s.expect("it printed", s.docker("run", "--rm", node.ImageName, "echo", "hello"), "hello")
		s.expectLimits(s.sleeper(), ofAcme)
		s.expectLimits(s.sleeper("--memory", "1g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "1000"), ofAcme)
		s.expectLimits(s.sleeper("--memory", "64m", "--cpus", "0.25", "--pids-limit", "50"), limits{64 * mebi, 50, 250})
		control := s.stock()
		control.expectLimits(control.sleeper("--memory", "1g", "--cpus", "2", "--pids-limit", "1000"), limits{1024 * mebi, 1000, 2000})
		if res := s.try("run", "--rm", node.ImageName, "sh", "-c", "exit 7"); res.Code != 7 {
			s.Errorf("it ended with %d, want its own 7: %v", res.Code, res.Failed())
		}
	})
}

// capabilities are a container's bounding set as a further process has it.
func (s *dockerStage) capabilities(container string, exec ...string) string {
	s.Helper()
	args := append(append([]string{"exec"}, exec...), container, "grep", "-h", "CapBnd", "/proc/self/status")
	return strings.TrimPrefix(s.docker(args...), "CapBnd:\t")
}

func TestDockerExecHasNoMoreThanItsContainer(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.sleeper()
		s.expect("exec printed", s.docker("exec", c, "echo", "hello"), "hello")
		own := s.capabilities(c)
		s.expect("capabilities of exec --privileged", s.capabilities(c, "--privileged"), own)
		if res := s.try("exec", c, "sh", "-c", "exit 3"); res.Code != 3 {
			s.Errorf("exec ended with %d, want its own 3: %v", res.Code, res.Failed())
		}
		control := s.stock()
		d := control.sleeper()
		res := control.try("exec", "--privileged", d, "grep", "-h", "CapBnd", "/proc/self/status")
		// Where root of the node lacks a capability, runc cannot give all.
		if !strings.Contains(res.Stdout, "unable to apply caps") && strings.Contains(res.Stdout, control.capabilities(d)) {
			s.Errorf("under the stock runtime exec --privileged has no more than its container: %s", res.Stdout)
		}
	})
}

func TestDockerUpdateCannotExceedTheTenant(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		lift := []string{"update", "--memory", "1g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "1000"}
		c := s.sleeper()
		s.docker(append(lift, c)...)
		s.expectLimits(c, ofAcme)
		s.docker("update", "--memory", "64m", "--memory-swap", "64m", "--cpus", "0.25", "--pids-limit", "50", c)
		s.expectLimits(c, limits{64 * mebi, 50, 250})
		s.docker(append(lift, c)...)
		s.expectLimits(c, ofAcme)
		control := s.stock()
		d := control.sleeper()
		control.docker(append(lift, d)...)
		control.expectLimits(d, limits{1024 * mebi, 1000, 2000})
	})
}

func TestDockerShowsWhatItsContainersUseAndSay(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.run(node.ImageName, "sh", "-c", "echo out; echo err >&2; sleep 600; true")
		var logs node.Result
		s.until("both lines are in the logs", func() bool {
			logs = s.try("logs", c)
			return logs.Stdout == "out\n" && logs.Stderr == "err\n"
		})
		s.expect("stats", s.docker("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", c)[:2], "2 ")
		if got := s.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", c); !strings.HasSuffix(got, " / 128MiB") {
			s.Errorf("stats say %q, want its limit", got)
		}
		if got := s.docker("top", c); strings.Count(got, "\n") != 2 || !strings.Contains(got, "sleep 600") {
			s.Errorf("top says\n%s\nwant both processes", got)
		}
	})
}

func TestDockerAttachesAndCopies(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.run("-i", node.ImageName, "sh", "-c", `read line; echo "got $line"`)
		in, out, err := os.Pipe() // open until the client ends, which detaches at the end of its input
		s.must(err)
		defer out.Close()
		_, err = out.WriteString("a line\n")
		s.must(err)
		attach := s.Client("attach", c)
		attach.Stdin = in
		res, err := node.Finish(s.ctx, attach)
		s.must(errors.Join(err, in.Close()))
		s.expect("attach printed", res.Stdout, "got a line\n")

		c = s.sleeper()
		dir := s.TempDir()
		s.must(os.WriteFile(filepath.Join(dir, "in"), []byte("copied"), 0o644))
		s.docker("cp", filepath.Join(dir, "in"), c+":/tmp/there")
		s.expect("in the container", s.docker("exec", c, "cat", "/tmp/there"), "copied")
		s.docker("cp", c+":/tmp/there", filepath.Join(dir, "out"))
		back, err := os.ReadFile(filepath.Join(dir, "out"))
		s.must(err)
		s.expect("copied back", string(back), "copied")
	})
}

func TestDockerBuildsInTheTenant(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		dir := s.TempDir()
		step := "RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; echo built >/tmp/built\n"
		s.must(os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+node.ImageName+"\n"+step), 0o644))
		s.Cleanup(func() { s.try("rmi", "-f", "bulkhead.test/built") })
		out := s.docker("build", "--no-cache", "-t", "bulkhead.test/built", dir)
		if want := fmt.Sprintln(ofAcme.memory); !strings.Contains(out, "\n"+want) {
			s.Errorf("the build printed\n%s\nwant a step with the tenant's limit, %s", out, want)
		}
		s.expect("the image has", s.docker("run", "--rm", "bulkhead.test/built", "cat", "/tmp/built"), "built")
		s.refused(onHostNetwork, "build", "--no-cache", "--network", "host", dir)
	})
}

const onHostNetwork = "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]"
