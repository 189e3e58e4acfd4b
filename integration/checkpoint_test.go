package integration

import (
	"archive/tar"
	"bytes"
	"context"
	"testing"

	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The stock shim accepts the request, and fails at the start: there is no CRIU.
func TestRestoreFromACheckpointIsRefused(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		r := s.sleeper("acme")
		r.Task = []client.NewTaskOpts{checkpoint()}
		_, err := s.node.Run(s.ctx, r)
		expectRefusal(s, err, "refused by checkpoint: checkpoint is set, want a start from the image; nothing allows this")
		s.clean()
		c, err := s.node.Create(s.ctx, stock(r))
		s.must(err) // the stock shim restores at the start
		if err := s.keep(c).Start(s.ctx); err == nil {
			s.Error("the stock shim started it, so it was no request to restore")
		}
	})
}

// checkpoint stores an empty checkpoint in containerd and starts a task from it.
func checkpoint() client.NewTaskOpts {
	return func(ctx context.Context, c *client.Client, info *client.TaskInfo) error {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		if err := w.WriteHeader(&tar.Header{Name: "inventory.img", Mode: 0o600}); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		d := ocispec.Descriptor{
			MediaType: images.MediaTypeContainerd1Checkpoint,
			Digest:    digest.FromBytes(archive.Bytes()),
			Size:      int64(archive.Len()),
		}
		info.Checkpoint = &types.Descriptor{MediaType: d.MediaType, Digest: d.Digest.String(), Size: d.Size}
		return content.WriteBlob(ctx, c.ContentStore(), "checkpoint", &archive, d)
	}
}
