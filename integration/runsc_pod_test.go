package integration

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// in runs a command in the network of a process, and returns what it prints.
func (s *stage) in(pid int, args ...string) (string, error) {
	s.Helper()
	args = append([]string{"--net=" + inProc(pid, "net"), "--"}, args...)
	out, err := exec.CommandContext(s.ctx, "nsenter", args...).CombinedOutput()
	return string(out), err
}

// wired gives a pod an interface as a CNI plugin does, whose other end is in the
// network of a container beside it.
func (s *stage) wired(sandbox, beside *container) {
	s.Helper()
	for _, step := range []struct {
		pid  int
		line string
	}{
		{beside.Pid(), "ip link add peer type veth peer name eth0 netns " + strconv.Itoa(sandbox.Pid())},
		{beside.Pid(), "ip addr add 10.88.0.1/24 dev peer"},
		{beside.Pid(), "ip link set peer up"},
		{sandbox.Pid(), "ip addr add 10.88.0.2/24 dev eth0"},
		{sandbox.Pid(), "ip link set eth0 up"},
		{sandbox.Pid(), "ip route add default via 10.88.0.1"},
	} {
		if out, err := s.in(step.pid, strings.Fields(step.line)...); err != nil {
			s.Fatalf("%s: %v: %s", step.line, err, out)
		}
	}
}

// joined is a container of a pod that shares its sandbox's namespaces.
func (p *pod) joined() node.Run {
	r := p.sleeper()
	pid := p.started.Pid()
	r.Spec = append(r.Spec, oci.WithEnv([]string{"HOSTNAME=" + p.name}))
	for kind, file := range map[specs.LinuxNamespaceType]string{specs.NetworkNamespace: "net", specs.IPCNamespace: "ipc", specs.UTSNamespace: "uts"} {
		r.Spec = append(r.Spec, at(kind, inProc(pid, file)))
	}
	return r
}

// The pod's network is the container's, one after the other: each sandbox takes
// its addresses, and they are put back.
func TestRunscRunsOneContainerOfAPodAtATime(t *testing.T) {
	p := node.Policy{Pods: true, Tenants: map[string]string{
		"acme": sandboxed.Tenants["acme"] + "network: {walls: Preferred}\n", // its other end is in a namespace beside
	}}
	onEachEngineWithRunsc(t, p, func(s *stage) {
		web := s.pod("acme", "web-0")
		beside := s.start(stock(s.sleeper("nobody")))
		s.wired(web.started, beside)
		if got := filepath.Base(host.Program(web.started.Pid())); got == "runsc" {
			s.Error("the pod's own sandbox runs under runsc")
		}
		for _, what := range []string{"the init container", "the container", "the container that was started again"} {
			c := s.start(web.joined())
			if got := filepath.Base(host.Program(c.Pid())); got != "runsc" {
				s.Errorf("%s runs under %s, want runsc", what, got)
			}
			if out, err := s.in(beside.Pid(), s.node.Engine.Busybox(), "ping", "-c", "1", "-W", "5", "10.88.0.2"); err != nil {
				s.Errorf("%s does not answer: %v: %s", what, err, out)
			}
			hostname := c.exec(nil, "hostname")
			s.wait(hostname)
			if got := strings.TrimSpace(hostname.Stdout.String()); got != "web-0" {
				s.Errorf("%s is called %q, want web-0", what, got)
			}
			_, err := s.node.Run(s.ctx, web.joined())
			expectRefusal(s, err, "refused by delegate: containers of pod acme/web-0 is 2, want 1 at a time: runsc runs it in a sandbox, which has the pod's network for itself; allow with delegate: runc")
			s.verify("with "+what, 0, "1 tenant and 2 containers hold")
			if out, _ := s.in(web.started.Pid(), "ip", "-o", "addr", "show", "dev", "eth0"); strings.Contains(out, "10.88.0.2") {
				s.Errorf("while %s runs its address is still the node's kernel's: %s", what, out)
			}
			c.delete()
			for _, want := range []struct{ of, is string }{{"addr", "inet 10.88.0.2/24"}, {"route", "default via 10.88.0.1"}} {
				if out, err := s.in(web.started.Pid(), "ip", "-o", want.of, "show", "dev", "eth0"); err != nil || !strings.Contains(out, want.is) {
					s.Errorf("after %s ended, ip %s says %v %s, want %s", what, want.of, err, out, want.is)
				}
			}
		}
	})
}
