package shim

import (
	"fmt"

	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// decodeOptions accepts what engines send: nothing, runc's options (where the
// runtime type is runc's and the path ours), or a handler's options, which hold
// nothing for the delegate. Any other type is an error.
func decodeOptions(a *anypb.Any) (isolator.Options, error) {
	if a.GetTypeUrl() == "" {
		return isolator.Options{}, nil
	}
	v, err := typeurl.UnmarshalAny(a)
	if err != nil {
		return isolator.Options{}, fmt.Errorf("read the runtime options: %w", err)
	}
	switch o := v.(type) {
	case *runtimeoptions.Options:
		return isolator.Options{}, nil
	case *runcoptions.Options:
		return isolator.Options{
			BinaryName:    o.BinaryName,
			Root:          o.Root,
			SystemdCgroup: o.SystemdCgroup,
			NoPivotRoot:   o.NoPivotRoot,
			NoNewKeyring:  o.NoNewKeyring,
			ShimCgroup:    o.ShimCgroup,
			IoUID:         o.IoUid,
			IoGID:         o.IoGid,
			CriuImagePath: o.CriuImagePath,
			CriuWorkPath:  o.CriuWorkPath,
			//lint:ignore SA1019 a deprecated field is decided like every other
			TaskAPIAddress: o.GetTaskApiAddress(),
			//lint:ignore SA1019 a deprecated field is decided like every other
			TaskAPIVersion: o.GetTaskApiVersion(),
		}, nil
	default:
		return isolator.Options{}, fmt.Errorf("runtime options are a %s; want containerd.runc.v1.Options or runtimeoptions.v1.Options", a.GetTypeUrl())
	}
}

// encodeOptions returns the delegate's options as upstream's service reads
// them. Fields that no caller may choose are never set.
func encodeOptions(o isolator.Options) (*anypb.Any, error) {
	return typeurl.MarshalAnyToProto(&runcoptions.Options{
		BinaryName:    o.BinaryName,
		Root:          o.Root,
		SystemdCgroup: o.SystemdCgroup,
		IoUid:         o.IoUID,
		IoGid:         o.IoGID,
	})
}
