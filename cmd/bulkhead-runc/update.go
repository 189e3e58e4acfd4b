package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
)

// update keeps new resources of a container within its tenant. The delegate is
// sent the full set, so that nothing that arrives apart escapes.
func update(ctx context.Context, inv *invocation) error {
	id, asked, err := parseUpdate(inv.args, os.Stdin)
	if err != nil {
		return err
	}
	m, err := inv.find(ctx, id)
	if err != nil {
		return err
	}
	err = inv.rt.Update(ctx, m.Caller, asked, func(full *specs.LinuxResources) error {
		data, err := json.Marshal(full)
		if err != nil {
			return err
		}
		args := append(inv.global(m.stateFolder), "update", "--resources", "-", m.ID)
		_, err = runtime.Execute(ctx, runtime.DelegateEnv, data, m.delegate, args...)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("refused: container %s was not started by Bulkhead; create it again", id)
	}
	return err
}

// parseUpdate reads runc's flags: a file of resources, which replaces all
// others, or one flag each (runc 1.5.2, update.go).
func parseUpdate(args []string, stdin io.Reader) (string, *specs.LinuxResources, error) {
	var file string
	r := &resources{}
	f := flags("update")
	text(f, &file, "resources", "r")
	r.declare(f)
	if err := f.Parse(args); err != nil {
		return "", nil, err
	}
	id, err := one(f)
	if err != nil {
		return "", nil, err
	}
	if file == "" {
		return id, r.asked(), nil
	}
	var data []byte
	if file == "-" {
		data, err = io.ReadAll(io.LimitReader(stdin, 1<<20))
	} else {
		data, err = os.ReadFile(file)
	}
	asked := new(specs.LinuxResources)
	if err == nil {
		err = spec.Decode(data, asked)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read the resources to set: %w", err)
	}
	return id, asked, nil
}
