package shim

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/containerd/api/types"
	ctrversion "github.com/containerd/containerd/v2/version"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Info answers `-info` with what the delegate can do: containerd 2.x decides by
// it whether pods may have user namespaces and recursive read-only mounts. It
// accepts the options of every engine; upstream's fails for other than runc's.
func (m *engineManager) Info(ctx context.Context, r io.Reader) (*types.RuntimeInfo, error) {
	info := &types.RuntimeInfo{
		Name:    Name,
		Version: &types.RuntimeVersion{Version: ctrversion.Version, Revision: ctrversion.Revision},
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBootstrap))
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		info.Options = new(anypb.Any)
		err := proto.Unmarshal(data, info.Options)
		if _, decoded := decodeOptions(info.Options); errors.Join(err, decoded) != nil {
			return nil, fmt.Errorf("read the runtime options: %w", errors.Join(err, decoded))
		}
	}
	d, err := m.rt.DefaultDelegate(ctx)
	if err != nil {
		return nil, err
	}
	if d.Features != nil {
		if info.Features, err = typeurl.MarshalAnyToProto(d.Features); err != nil {
			return nil, err
		}
	}
	return info, nil
}
