//go:build cgo

package runc

import (
	"fmt"
	"io"

	"github.com/opencontainers/runc/libcontainer/configs/validate"
	"github.com/opencontainers/runc/libcontainer/specconv"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/sirupsen/logrus"
)

// runc warns of what it takes all the same.
func init() { logrus.SetOutput(io.Discard) }

// Accepts returns why runc would not create a container of a spec.
func (j *Judge) Accepts(s *specs.Spec) error {
	c, err := j.here(s)
	if err != nil {
		return err
	}
	config, err := specconv.CreateLibcontainerConfig(&specconv.CreateOpts{CgroupName: "judged", UseSystemdCgroup: inSlice(c), Spec: c})
	if err != nil {
		return fmt.Errorf("runc reads: %w", err)
	}
	if err := validate.Validate(config); err != nil {
		return fmt.Errorf("runc validates: %w", err)
	}
	return nil
}
