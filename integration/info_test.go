package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/containerd/containerd/api/types"
	"github.com/opencontainers/runtime-spec/specs-go/features"
	"google.golang.org/protobuf/proto"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// containerd 2 asks a shim what its delegate can do, and refuses user
// namespaces and recursive read-only mounts without an answer.
func TestShimTellsTheFeaturesOfItsDelegate(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		cmd := exec.CommandContext(s.ctx, s.node.Shim(), "-info")
		cmd.Env = []string{"BULKHEAD_ROOT=" + string(s.node.Root())}
		cmd.Stdin = bytes.NewReader(nil)
		out, err := cmd.Output()
		s.must(err)
		var info types.RuntimeInfo
		s.must(proto.Unmarshal(out, &info))
		if info.Name != node.Bulkhead || info.Features == nil {
			s.Fatalf("it says %v", &info)
		}
		var f features.Features
		s.must(json.Unmarshal(info.Features.Value, &f))
		if f.OCIVersionMax == "" {
			s.Errorf("features are %s, want runc's", info.Features.Value)
		}
	})
}
