package shim

import (
	"errors"
	"io/fs"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// refusal gives an error the code that its kind has on the wire. The sentence
// itself reaches the engine's user.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	var denials isolator.Denials
	var unresolved *tenant.Unresolved
	var class error = errdefs.ErrFailedPrecondition
	switch {
	case errors.As(err, &denials):
		class = errdefs.ErrPermissionDenied
	case errors.As(err, &unresolved), errors.Is(err, tenant.ErrNoPolicy):
	case errors.Is(err, record.ErrExists):
		class = errdefs.ErrAlreadyExists
	case errors.Is(err, fs.ErrNotExist):
		class = errdefs.ErrNotFound
	default:
		return errgrpc.ToGRPC(err)
	}
	return errgrpc.ToGRPC(classified{err, class})
}

// classified carries a code without adding its words to the sentence.
type classified struct{ cause, class error }

func (c classified) Error() string { return c.cause.Error() }

// Unwrap leaves the cause out: errgrpc would send it and the class again as
// details, which a client prints as further lines.
func (c classified) Unwrap() error { return c.class }
