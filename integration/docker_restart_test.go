package integration

import (
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func (s *dockerStage) inspect(container, format string) string {
	s.Helper()
	return s.docker("inspect", "--format", format, container)
}

func TestDockerRestartsContainersWithinTheTenant(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.run("--restart", "on-failure:2", node.ImageName, "sh", "-c", "exit 3")
		s.until("it was started three times", func() bool {
			return s.inspect(c, "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}") == "2 exited 3"
		})
		c = s.sleeper("--restart", "always")
		first := s.pid(c)
		s.must(unix.Kill(first, unix.SIGKILL))
		s.until("it was started again", func() bool {
			running := s.inspect(c, "{{.State.Running}} {{.State.Pid}}")
			return running != "true "+strconv.Itoa(first) && running != "true 0" && running[:4] == "true"
		})
		s.expectLimits(c, ofAcme)
		s.docker("restart", "-t", "0", c)
		s.expectLimits(c, ofAcme)
		s.docker("stop", "-t", "0", c)
		s.docker("start", c)
		s.expectLimits(c, ofAcme)
		s.docker("pause", c)
		s.docker("unpause", c)
	})
}

// Containers live on while their daemon is away, and are the tenant's after.
func TestDockerIsRestartedAndContainersLiveOn(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.sleeper("--name", "survivor", "-v", "data:/d", "-p", "8081:80")
		pid := s.pid(c)
		s.must(s.Kill())
		if !host.Alive(pid) {
			s.Fatal("its container died with the daemon")
		}
		// Its limits hold also when they change while there is no daemon.
		s.must(s.Node.Apply(s.ctx, node.Policy{Tenants: map[string]string{"acme": `
limits: {memory: 256Mi}
container: {max: {cpu: 250m, memory: 96Mi, pids: 80}}
`}}))
		s.must(s.Restart(s.ctx))
		lowered := limits{96 * mebi, 80, 250}
		if got := s.pid(c); got != pid {
			s.Fatalf("its process is %d, want %d as before", got, pid)
		}
		s.expectLimits(c, lowered)
		s.expect("exec printed", s.docker("exec", c, "echo", "hello"), "hello")
		s.docker("update", "--memory", "1g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "1000", c)
		s.expectLimits(c, lowered)
		s.docker("rm", "-f", c)
	})
}

func TestDockerChecksHealth(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		for want, command := range map[string]string{"healthy": "test -d /proc/1", "unhealthy": "exit 1"} {
			c := s.sleeper("--health-cmd", command, "--health-interval", "100ms", "--health-retries", "2")
			s.until("it is "+want, func() bool { return s.inspect(c, "{{.State.Health.Status}}") == want })
		}
	})
}
