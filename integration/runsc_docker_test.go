package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestDockerRunsATenantsContainersUnderRunsc(t *testing.T) {
	p := node.Policy{Tenants: map[string]string{"acme": "delegate: runsc\n" + acmeOnDocker.Tenants["acme"]}}
	needsRunsc(t)
	onEachDocker(t, p, func(s *dockerStage) {
		s.expect("it printed", s.docker("run", "--rm", node.ImageName, "echo", "hello"), "hello")
		if got := s.docker("run", "--rm", node.ImageName, "dmesg"); !strings.Contains(got, "gVisor") {
			s.Errorf("its kernel says %s, want it to be gVisor's", got)
		}
		if res := s.try("run", "--rm", node.ImageName, "sh", "-c", "exit 7"); res.Code != 7 {
			s.Errorf("it ended with %d, want its own 7: %v", res.Code, res.Failed())
		}
		c := s.run(node.ImageName, "sh", "-c", "echo said; exec httpd -f -p 8080 -h /bin")
		s.expectLimits(c, ofAcme)
		s.until("its line is in the logs", func() bool { return s.try("logs", c).Stdout == "said\n" })
		s.expect("exec printed", s.docker("exec", c, "echo", "hello"), "hello")
		if res := s.try("exec", "--privileged", c, "sh", "-c", "exit 3"); res.Code != 3 {
			s.Errorf("exec ended with %d, want its own 3: %v", res.Code, res.Failed())
		}
		s.docker("update", "--memory", "64m", "--memory-swap", "64m", "--cpus", "0.25", "--pids-limit", "60", c)
		s.expectLimits(c, limits{64 * mebi, 60, 250})
		s.docker("update", "--memory", "1g", "--memory-swap", "2g", "--cpus", "2", "--pids-limit", "1000", c)
		s.expectLimits(c, ofAcme)
		if got := s.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", c); !strings.HasSuffix(got, " / 128MiB") {
			s.Errorf("stats say %q, want its limit", got)
		}
		if got := s.docker("top", c); strings.Count(got, "\n") != 1 || !strings.Contains(got, "runsc-sandbox") {
			s.Errorf("top says\n%s\nwant the sandbox alone", got)
		}
		reach := func() {
			address := s.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", c)
			s.docker("run", "--rm", node.ImageName, "wget", "-q", "-O", "/dev/null", "http://"+address+":8080/sh")
		}
		reach()
		s.refused("refused by delegate: linux.namespaces[network].path is set, want an own one: the kernel of a sandbox shares none with another container",
			"run", "--rm", "--network", "container:"+c, node.ImageName, "true")
		s.docker("stop", "-t", "5", c)
		s.docker("start", c)
		s.until("it is in the network again", func() bool { return s.try("exec", c, "true").Code == 0 })
		reach()
	})
}
