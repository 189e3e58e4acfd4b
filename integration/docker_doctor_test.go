package integration

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/runtime/doctor"
)

// Doctor finds a dockerd that runs, and the ways around that it leaves open.
func TestDoctorLooksAtDocker(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(d *dockerStage) {
		s := newStage(d.T, d.Node)
		all := s.doctor(1)
		at := "dockerd at " + d.Node.Dir() + "/docker.sock"
		s.expectResult(all, "engines", levelOf(d.Engine), "dockerd ", " runs as ", d.Node.Dir()+"/daemon.json")
		s.expectResult(all, "builds", doctor.Failure, "build steps of "+at+" run outside every tenant", "bulkhead-runc")
		s.expectResult(all, "logs", doctor.Warning, at+" keeps logs without a limit of their size", "max-size")
		if d.Engine.NamesShims {
			s.expectResult(all, "runtimes", doctor.Warning, at+": a client can choose a runtime that is not Bulkhead's: other, runc")
		} else { // Bulkhead's shim stands under the stock one's name
			s.expectResult(all, "runtimes", doctor.OK, at+" starts nothing but Bulkhead")
		}
	})
}

// levelOf is what doctor thinks of a Docker that cannot name a shim.
func levelOf(e docker.Engine) doctor.Level {
	if e.NamesShims {
		return doctor.OK
	}
	return doctor.Warning
}
