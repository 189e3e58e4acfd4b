package integration

import (
	"fmt"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestDockerVolumesAreTheirTenants(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		write := []string{"run", "--rm", "-v", "data:/d", node.ImageName, "sh", "-c", "echo kept >/d/file"}
		read := []string{"run", "--rm", "-v", "data:/d:ro", node.ImageName, "cat", "/d/file"}
		s.docker(write...)
		s.expect("the volume holds", s.docker(read...), "kept")
		s.must(s.Node.Apply(s.ctx, s.globexHasIt()))
		s.refused(`refused by mounts: mounts["/d"].source is "/var/lib/docker/volumes/data/_data"`, read...)
		s.docker("run", "--rm", "-v", "other:/d", node.ImageName, "true")
		// One of that name that is made anew is the tenant's who mounts it first.
		s.docker("volume", "rm", "data")
		s.docker(write...)
		s.expect("the new volume holds", s.docker(read...), "kept")

		control := s.stock()
		control.docker(write...)
		control.expect("under the stock runtime it holds", control.docker(read...), "kept")
	})
}

func TestDockerGivesInitAndTmpfs(t *testing.T) {
	onEachDocker(t, acmeOnDocker, func(s *dockerStage) {
		c := s.sleeper("--init", "--tmpfs", "/scratch:size=1m", "--shm-size", "1m", "--read-only", "-v", "/anonymous")
		s.expect("the first process", s.docker("exec", c, "cat", "/proc/1/comm"), "docker-init")
		fill := "dd if=/dev/zero of=%s bs=64k count=100 2>/dev/null; wc -c <%[1]s"
		for _, file := range []string{"/scratch/f", "/dev/shm/f"} {
			s.expect("bytes that "+file+" takes", s.docker("exec", c, "sh", "-c", fmt.Sprintf(fill, file)), "1048576")
		}
		s.docker("exec", c, "touch", "/anonymous/f")
		if res := s.try("exec", c, "touch", "/f"); res.Code == 0 {
			s.Error("it can write to its root, which was asked to be read-only")
		}
	})
}
