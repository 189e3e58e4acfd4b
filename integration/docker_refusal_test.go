package integration

import (
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// dockerRefusals are options of docker run that no tenant of level baseline may
// have, and what is said.
var dockerRefusals = []struct {
	name     string
	sentence string
	options  []string
}{
	{"the host's network", onHostNetwork, []string{"--network", "host"}},
	{"the host's processes", "refused by namespaces: linux.namespaces[pid] is the host's", []string{"--pid", "host"}},
	{"the host's IPC", "refused by namespaces: linux.namespaces[ipc] is the host's", []string{"--ipc", "host"}},
	{"the host's name", "refused by namespaces: linux.namespaces[uts] is the host's", []string{"--uts", "host"}},
	{"privileged", "refused by capabilities: process.capabilities is ", []string{"--privileged"}},
	{"a capability", `refused by capabilities: process.capabilities is CAP_SYS_ADMIN`, []string{"--cap-add", "SYS_ADMIN"}},
	{"a folder of the node", `refused by mounts: mounts["/node"].source is "/etc"`, []string{"-v", "/etc:/node"}},
	{"a folder of the node for reading", `refused by mounts: mounts["/node"].source is "/etc"`, []string{"-v", "/etc:/node:ro"}},
	{"Docker's folder", `refused by mounts: mounts["/docker"].source is "/var/lib/docker"`, []string{"-v", "/var/lib/docker:/docker"}},
	{"a device", "refused by devices: linux.devices is /dev/kmsg (c 1:11), want what every container has or the tenant's own; allow with security.exceptions.devices: [{path: /dev/kmsg}]", []string{"--device", "/dev/kmsg"}},
	{"a sysctl that is not safe", `refused by sysctl: linux.sysctl["kernel.msgmax"]`, []string{"--sysctl", "kernel.msgmax=8192"}},
}

func TestDockerSaysWhyItRefuses(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		for _, r := range dockerRefusals {
			args := append(append([]string{"run", "--rm"}, r.options...), node.ImageName, "true")
			s.Run(r.name, func(t *testing.T) {
				s := newDockerStage(t, s.Daemon)
				s.refused(r.sentence, args...)
				// Where root of the node lacks a capability, runc cannot give all.
				if res := s.stock().try(args...); res.Code != 0 && !strings.Contains(res.Stderr, "unable to apply caps") {
					s.Errorf("under the stock runtime: %v", res.Failed())
				}
			})
		}
	})
}
