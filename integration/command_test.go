package integration

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// commandLine runs bulkhead-runc on the node, as an engine would.
func (s *stage) commandLine(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.ctx, s.program("bulkhead-runc"), append([]string{"--bulkhead-tenant", "acme"}, args...)...)
	cmd.Env = []string{tenant.RootEnv + "=" + string(s.node.Root())}
	return cmd
}

// bundle makes one with busybox for a root and a spec that another container
// was asked for with.
func (s *stage) bundle(config []byte, change func(map[string]any)) string {
	s.Helper()
	dir := s.TempDir()
	s.must(os.MkdirAll(filepath.Join(dir, "rootfs/bin"), 0o755))
	busybox, err := os.ReadFile(s.node.Engine.Busybox())
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, "rootfs/bin/busybox"), busybox, 0o755))
	for _, applet := range []string{"sh", "sleep"} {
		s.must(os.Symlink("busybox", filepath.Join(dir, "rootfs/bin", applet)))
	}
	var document map[string]any
	s.must(json.Unmarshal(config, &document))
	change(document)
	data, err := json.Marshal(document)
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, spec.ConfigFile), data, 0o600))
	return dir
}

// sleepersSpecs are what containerd asks for a sleeper of acme, and what the shim made of it.
func (s *stage) sleepersSpecs() (engine, shim []byte) {
	s.Helper()
	c := s.start(s.sleeper("acme"))
	r, err := record.Load(s.node.Root(), record.Scope(s.node.Namespace("acme")), c.ID)
	s.must(err)
	engine, err = os.ReadFile(filepath.Join(r.Bundle, spec.EngineFile))
	s.must(err)
	shim, err = os.ReadFile(filepath.Join(r.Bundle, spec.ConfigFile))
	s.must(err)
	return engine, shim
}

func arguments(args ...string) func(map[string]any) {
	return func(document map[string]any) { document["process"].(map[string]any)["args"] = args }
}

func TestCommandLineDecidesAsTheShimDoes(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": "limits: {cpu: \"1\", memory: 256Mi, pids: 50}\nsecurity: {level: restricted, exceptions: {runAsRoot: true}}"}}, func(s *stage) {
		engine, shim := s.sleepersSpecs()
		dir := s.bundle(engine, func(map[string]any) {})
		log := filepath.Join(dir, "log") // the container keeps the streams of its create
		if err := s.commandLine("--log", log, "create", "--bundle", dir, "same").Run(); err != nil {
			why, _ := os.ReadFile(log)
			s.Fatalf("create: %v: %s", err, why)
		}
		defer func() {
			if out, err := s.commandLine("delete", "--force", "same").CombinedOutput(); err != nil {
				s.Errorf("delete: %v: %s", err, out)
			}
		}()
		own, err := os.ReadFile(filepath.Join(dir, spec.ConfigFile))
		s.must(err)
		if diff := cmp.Diff(placeless(t, shim), placeless(t, own)); diff != "" {
			s.Errorf("the shim's - bulkhead-runc's +:\n%s", diff)
		}
		if cmp.Equal(placeless(t, engine), placeless(t, own)) {
			s.Error("nothing was decided")
		}
	})
}

// placeless is a spec without the name of the container's own cgroup.
func placeless(t *testing.T, config []byte) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(config, &document); err != nil {
		t.Fatal(err)
	}
	linux := document["linux"].(map[string]any)
	linux["cgroupsPath"] = filepath.Dir(linux["cgroupsPath"].(string))
	return document
}

func TestRunEndsAsItsContainerDoes(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": ""}}, func(s *stage) {
		engine, _ := s.sleepersSpecs()
		run := func(id string, args ...string) *exec.Cmd {
			return s.commandLine("run", "--bundle", s.bundle(engine, arguments(args...)), id)
		}
		out, err := run("r1", "sh", "-c", "echo said; exit 7").Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 7 || string(out) != "said\n" {
			s.Errorf("got %v and %q, want 7 and what the container said", err, out)
		}
		sleeper := run("r2", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done")
		stdout, err := sleeper.StdoutPipe()
		s.must(err)
		s.must(sleeper.Start())
		ready := make([]byte, len("ready\n"))
		_, err = stdout.Read(ready)
		s.must(err)
		s.must(sleeper.Process.Signal(syscall.SIGTERM))
		if err := sleeper.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 9 {
			s.Errorf("a container that was sent SIGTERM: %v, want 9", err)
		}
	})
}

func TestGCTakesWhatAKilledRunLeft(t *testing.T) {
	onEachEngine(t, node.Policy{Tenants: map[string]string{"acme": ""}}, func(s *stage) {
		engine, _ := s.sleepersSpecs()
		dir := s.bundle(engine, arguments("sleep", "600"))
		run := s.commandLine("run", "--bundle", dir, "lost")
		s.must(run.Start())
		var r *record.Record
		s.must(node.Await(s.ctx, func() bool {
			out, err := s.commandLine("state", "lost").Output()
			r, _ = record.Load(s.node.Root(), record.CommandScope(commandScope), "lost")
			return err == nil && strings.Contains(string(out), `"running"`) && r != nil && r.Alive()
		}))
		s.must(run.Process.Kill())
		_ = run.Wait() // killed
		s.must(syscall.Kill(r.Pid, syscall.SIGKILL))
		s.must(os.RemoveAll(dir))
		s.must(node.Await(s.ctx, func() bool { return !r.Alive() }))
		res, err := s.node.Bulkhead(s.ctx, "gc")
		s.must(err)
		if err := res.Failed(); err != nil || !strings.Contains(res.Stdout, "lost") {
			s.Errorf("gc: %v, and it says %q", err, res.Stdout)
		}
	})
}

// commandScope is that of runc's default state folder.
const commandScope = "58ff279f"
