package integration

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A project of compose: its networks, services that find each other by name, a
// published port.
func TestDockerNetworksConnectServices(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		s.docker("network", "create", "backend")
		s.docker("network", "create", "frontend")
		s.run("--name", "web", "--network", "backend", "--network-alias", "www", "-p", "8080:80", node.ImageName, "httpd", "-f", "-p", "80", "-h", "/etc")
		s.docker("network", "connect", "frontend", "web")
		const passwd = "root:x:0:0:root:/:/bin/sh"
		for _, from := range [][]string{{"backend", "web"}, {"backend", "www"}, {"frontend", "web"}} {
			s.until(from[1]+" answers on "+from[0], func() bool {
				return s.try("run", "--rm", "--network", from[0], node.ImageName, "wget", "-qO-", "http://"+from[1]+"/passwd").Stdout == passwd+"\n"
			})
		}
		res, err := node.Finish(s.ctx, s.Node.Enter(s.Node.Engine.Busybox(), "wget", "-qO-", "http://127.0.0.1:8080/passwd"))
		s.must(err)
		s.expect("the published port", res.Stdout, passwd+"\n")
	})
}

// globexHasIt is a policy in which acme's daemon has become another tenant's.
func (s *dockerStage) globexHasIt() node.Policy {
	return node.Policy{
		Tenants:    map[string]string{"acme": acmeOnDocker.Tenants["acme"], "globex": "limits: {memory: 64Mi}"},
		Namespaces: map[string]string{"acme": s.Node.Namespace("elsewhere"), "globex": s.Namespace},
	}
}

func TestDockerJoinsContainersOfTheTenantAlone(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		s.sleeper("--name", "first", "--ipc", "shareable", "--hostname", "first")
		joins := map[string][]string{
			"network": {"--network", "container:first"}, "pid": {"--pid", "container:first"}, "ipc": {"--ipc", "container:first"},
		}
		for _, options := range joins {
			s.docker(append(append([]string{"run", "--rm"}, options...), node.ImageName, "true")...)
		}
		s.must(s.Node.Apply(s.ctx, s.globexHasIt()))
		for kind, options := range joins {
			s.refused("refused by namespaces: linux.namespaces["+kind+"].path is a namespace that is not this tenant's, want a new one, or that of a running container of the same tenant; nothing allows this", append(append([]string{"run", "--rm"}, options...), node.ImageName, "true")...)
		}
		control := s.stock()
		if control.Daemon != s.Daemon {
			control.sleeper("--name", "first", "--ipc", "shareable")
		}
		for _, options := range joins {
			control.docker(append(append([]string{"run", "--rm"}, options...), node.ImageName, "true")...)
		}
	})
}
