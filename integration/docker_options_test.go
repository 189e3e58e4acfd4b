package integration

import (
	"fmt"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// What dockerd says of the delegate behind the stock shim's name is the node's.
func TestDockerCannotNameAnotherDelegate(t *testing.T) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := newDockerStage(t, daemon(t, e, "takeover", docker.Settings{Takeover: true}))
			s.must(s.Node.Apply(s.ctx, acmeOnDocker))
			other := []string{"run", "--rm", "--runtime", "other", node.ImageName, "true"}
			program, used := s.Delegate()
			s.refused(fmt.Sprintf("refused by options: options.binaryName is %q, want none, or the node's own; allow with NodePolicy.delegates", program), other...)
			if exists(used) {
				s.Error("it was refused, and yet it made a container")
			}
			control := newDockerStage(t, daemon(t, e, "stock", docker.Settings{Stock: true}))
			control.docker(other...)
			if _, used := control.Delegate(); !exists(used) {
				s.Error("under the stock shim it made no container: nothing was shown")
			}
		})
	}
}

// A daemon with a folder of its own names a state folder there.
func TestDockersOwnFolderIsListedByTheNode(t *testing.T) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := newDockerStage(t, daemon(t, e, "elsewhere", docker.Settings{Takeover: true, ExecRoot: "/run/docker-acme"}))
			s.must(s.Node.Apply(s.ctx, acmeOnDocker))
			s.refused(`refused by options: options.root is "/run/docker-acme/runtime-runc", want none, or the node's own; `+
				"allow with NodePolicy.engineRoots, if it is runtime-runc below the --exec-root of a Docker", "run", "--rm", node.ImageName, "true")
			listed := acmeOnDocker
			listed.Node = "engineRoots: [/var/lib/docker, /run/docker-acme]"
			s.must(s.Node.Apply(s.ctx, listed))
			s.expectLimits(s.sleeper(), ofAcme)
		})
	}
}
