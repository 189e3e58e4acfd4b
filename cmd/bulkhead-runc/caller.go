package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// plainNames are this program's own, and those by which builders look for runc in
// their PATH; a link of another name is a runtime handler.
var plainNames = []string{"bulkhead-runc", "runc", "buildkit-runc"}

// caller is a container of the engine's.
func (inv *invocation) caller(id, bundle string) runtime.Caller {
	return runtime.CommandCaller(inv.root, id, bundle)
}

// creator is the caller of a container that is to be made, with the tenant that
// the engine's operator names. The user that runs this program names nobody: it
// is root, whoever asked the engine.
func (inv *invocation) creator(id, bundle string) (runtime.Caller, error) {
	bundle, err := filepath.Abs(bundle)
	if err != nil {
		return runtime.Caller{}, err
	}
	c := inv.caller(id, bundle)
	c.Pinned, err = inv.pinned()
	return c, err
}

func (inv *invocation) pinned() (string, error) {
	file := filepath.Join(inv.rt.Root().Handlers(), inv.program+".toml")
	named, err := tenant.ReadHandler(inv.rt.Root(), file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && slices.Contains(plainNames, inv.program):
		return inv.tenant, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf(`refused: a runtime that is called %s needs %s with: tenant = "NAME"`, inv.program, file)
	case err != nil:
		return "", err
	case inv.tenant != "" && named != "" && inv.tenant != named:
		return "", fmt.Errorf("refused: --bulkhead-tenant and %s name different tenants; make them agree", file)
	case named != "":
		return named, nil
	}
	return inv.tenant, nil
}
