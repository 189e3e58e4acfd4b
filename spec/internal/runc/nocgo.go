//go:build !cgo

package runc

import specs "github.com/opencontainers/runtime-spec/specs-go"

// Accepts cannot tell.
func (*Judge) Accepts(*specs.Spec) error { return ErrNoCgo }
