package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	bootapi "github.com/containerd/containerd/api/runtime/bootstrap/v1"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"google.golang.org/protobuf/proto"
)

// maxBootstrap bounds what is read from an engine's stdin, in bytes.
const maxBootstrap = 10 << 20

// startLegacy answers `start` of containerd before 2.3, which sends the runtime
// options, or nothing, and wants an address back. It reports false, with stdin
// as it was, for newer ones, which upstream answers: its library refuses the
// old protocol since 2.4 (containerd PR 13910).
func startLegacy(ctx context.Context, m *engineManager, args arguments) (bool, error) {
	input, err := io.ReadAll(io.LimitReader(os.Stdin, maxBootstrap))
	if err != nil {
		return false, fmt.Errorf("read bootstrap parameters: %w", err)
	}
	if speaksBootstrap(input, args) {
		return false, replaceStdin(input)
	}
	level := bootapi.LogLevel_LOG_LEVEL_INFO
	if args.debug {
		level = bootapi.LogLevel_LOG_LEVEL_DEBUG
	}
	res, err := m.Start(namespaces.WithNamespace(ctx, args.namespace), &bootapi.BootstrapParams{
		InstanceID:             args.id,
		Namespace:              args.namespace,
		LogLevel:               level,
		ContainerdGrpcAddress:  args.address,
		ContainerdTtrpcAddress: os.Getenv("TTRPC_ADDRESS"),
	})
	if err != nil {
		return false, err
	}
	// A plain address is understood by every containerd, as task API v2.
	_, err = os.Stdout.WriteString(res.Address)
	return true, err
}

// speaksBootstrap reports whether the input is BootstrapParams. The options of
// the old protocol decode as such too, with their type in the place of the id,
// so the identity decides.
func speaksBootstrap(input []byte, args arguments) bool {
	var p bootapi.BootstrapParams
	return len(input) > 0 && proto.Unmarshal(input, &p) == nil && p.InstanceID == args.id && p.Namespace == args.namespace
}

// replaceStdin lets the input be read once more.
func replaceStdin(input []byte) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	os.Stdin = r
	go func() {
		_, err := w.Write(input) // in its own goroutine: it may be larger than a pipe
		_ = errors.Join(err, w.Close())
	}()
	return nil
}
