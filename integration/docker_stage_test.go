package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// acmeOnDocker is the tenant of the daemons' containerd namespace.
var acmeOnDocker = node.Policy{Tenants: map[string]string{"acme": `
limits: {cpu: "1", memory: 256Mi, pids: 200}
container: {max: {cpu: 500m, memory: 128Mi, pids: 100}}
`}}

// daemons are those that tests have asked for, each started once.
var daemons struct {
	sync.Mutex
	started map[string]*docker.Daemon // guarded by the mutex
}

// daemon starts a dockerd that lives until the last test has ended.
func daemon(t *testing.T, e docker.Engine, name string, settings docker.Settings) *docker.Daemon {
	t.Helper()
	onlyIfItMatters(t)
	key := e.Name + " " + name
	alone(t, key)
	daemons.Lock()
	defer daemons.Unlock()
	if d := daemons.started[key]; d != nil {
		return d
	}
	begin := time.Now()
	d, err := docker.Start(context.Background(), e, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %s: started in %v", e.Name, name, time.Since(begin).Round(time.Millisecond))
	if daemons.started == nil {
		daemons.started = map[string]*docker.Daemon{}
	}
	daemons.started[key] = d
	return d
}

// endDaemons ends them all, and says what they left.
func endDaemons() []error {
	daemons.Lock()
	defer daemons.Unlock()
	var errs []error
	for key, d := range daemons.started {
		if err := d.Close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errs
}

// A dockerStage is one test on one dockerd. It expects at its end that nothing of
// a container is left.
type dockerStage struct {
	*testing.T
	*docker.Daemon
	ctx   context.Context
	flags []string // of every docker run
}

// dockers are the engines of the machine, the oldest first.
func dockers(t *testing.T) []docker.Engine {
	t.Helper()
	onlyIfItMatters(t)
	together(t)
	engines, err := docker.Engines()
	if err != nil {
		t.Fatal(err)
	}
	return engines
}

// onEachDocker runs a test on each dockerd, whose containerd namespace is acme's,
// with a policy that holds for the test alone.
func onEachDocker(t *testing.T, p node.Policy, test func(*dockerStage)) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			together(t)
			s := newDockerStage(t, daemon(t, e, "acme", docker.Settings{}))
			s.must(s.Node.Apply(s.ctx, p))
			test(s)
		})
	}
}

func newDockerStage(t *testing.T, d *docker.Daemon) *dockerStage {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := &dockerStage{T: t, Daemon: d, ctx: ctx}
	t.Cleanup(func() {
		defer cancel()
		s.clean()
		if t.Failed() {
			t.Logf("dockerd's log ends:\n%s\ncontainerd's:\n%s", d.LogTail(12), d.Node.LogTail(12))
		}
	})
	return s
}

// clean removes every container, and volumes, networks and images that a test
// made, and expects no trace of them.
func (s *dockerStage) clean() {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), node.Patience(20*time.Second))
	defer cancel()
	if err := s.Clean(ctx); err != nil {
		s.Error(err)
	}
}

func (s *dockerStage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// docker runs the client, which must succeed, and returns what it printed on its
// standard output.
func (s *dockerStage) docker(args ...string) string {
	s.Helper()
	res := s.try(args...)
	if err := res.Failed(); err != nil {
		s.Fatalf("docker %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(res.Stdout)
}

// try runs the client, which may fail.
func (s *dockerStage) try(args ...string) node.Result {
	s.Helper()
	if args[0] == "run" {
		args = slices.Concat(args[:1], s.flags, args[1:])
	}
	res, err := s.Docker(s.ctx, args...)
	s.must(err)
	return res
}

// run starts a container that stays, and returns its name.
func (s *dockerStage) run(args ...string) string {
	s.Helper()
	return s.docker(append([]string{"run", "-d"}, args...)...)
}

// sleeper starts a container that does nothing until it is killed: with options
// of docker run.
func (s *dockerStage) sleeper(options ...string) string {
	s.Helper()
	return s.run(append(options, node.ImageName, "sleep", "600")...)
}

// refused expects the client to fail with this sentence on its standard error.
func (s *dockerStage) refused(sentence string, args ...string) {
	s.Helper()
	res := s.try(args...)
	if res.Code == 0 || !strings.Contains(res.Stderr, sentence) {
		s.Errorf("docker %s: exit %d, on standard error\n  %s, want\n  %s", strings.Join(args, " "), res.Code, res.Stderr, sentence)
	}
}

// stock is the positive control: the same under the stock runtime. Where no
// runtime can be named, that is another daemon.
func (s *dockerStage) stock() *dockerStage {
	s.Helper()
	if s.Engine.NamesShims {
		control := *s
		control.flags = []string{"--runtime", "runc"}
		return &control
	}
	return newDockerStage(s.T, daemon(s.T, s.Engine, "stock", docker.Settings{Stock: true}))
}

// pid is a container's first process on the host.
func (s *dockerStage) pid(container string) int {
	s.Helper()
	var pid int
	_, err := fmt.Sscan(s.docker("inspect", "--format", "{{.State.Pid}}", container), &pid)
	s.must(err)
	return pid
}

// limits are those that the kernel holds a container to.
func (s *dockerStage) limits(container string) limits {
	s.Helper()
	pid := s.pid(container)
	memory, err := host.MemoryLimit.ReadInt(pid, 0)
	s.must(err)
	pids, err := host.PidsLimit.ReadInt(pid, 0)
	s.must(err)
	cpu, err := host.CPUQuota(pid, 0)
	s.must(err)
	return limits{memory, pids, cpu}
}

// until waits for a condition.
func (s *dockerStage) until(what string, holds func() bool) {
	s.Helper()
	if err := node.Await(s.ctx, holds); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
