package integration

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestDockerRunsWhatItsTenantMayNotWhileTheGlassIsBroken(t *testing.T) {
	const sentence = "refused by namespaces: linux.namespaces[pid] is the host's"
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		glass := func(args ...string) {
			s.Helper()
			res, err := s.Node.Bulkhead(s.ctx, append([]string{"break-glass", "--tenant", "acme"}, args...)...)
			s.must(err)
			s.must(res.Failed())
		}
		s.Cleanup(func() { glass("--end") })
		asked := []string{"run", "--rm", "--pid", "host", node.ImageName, "true"}
		s.refused(sentence, asked...)
		glass("--for", "30m", "--reason", "INC-7")
		s.docker(asked...)
		glass("--end")
		s.refused(sentence, asked...)
	})
}
