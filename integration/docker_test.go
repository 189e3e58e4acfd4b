package integration

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestDockerRunsContainersWithinTheTenant(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		if got := s.docker("run", "--rm", node.ImageName, "echo", "hello"); got != "hello" {
			s.Errorf("it printed %q", got)
		}
		const mi = 1 << 20
		if got, want := s.limits(s.sleeper()), (limits{128 * mi, 100, 500}); got != want {
			s.Errorf("its limits are %+v, want %+v", got, want)
		}
	})
}
