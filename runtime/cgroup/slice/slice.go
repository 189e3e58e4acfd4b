// Package slice carries out orders on systemd's slices, over D-Bus. Only the
// operator's program links it, which a shim calls: see cgroup.Slices.
package slice

import (
	"context"
	"fmt"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/systemd"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// Carry carries out an order. A slice that is there already is not started
// again, and one that is not there is stopped.
func Carry(ctx context.Context, o cgroup.SliceOrder) error {
	if o.Stop {
		return stop(ctx, o.Slice)
	}
	r := o.Resources
	if r == nil {
		r = &cgroups.Resources{SkipDevices: true}
	}
	m, err := systemd.NewUnifiedManager(&cgroups.Cgroup{Name: o.Slice, Parent: cgroup.SliceAbove(o.Slice), Systemd: true, Resources: r}, "")
	if err != nil {
		return err
	}
	if err := m.Apply(-1); err != nil { // -1: no process joins
		return err
	}
	if o.Resources == nil {
		return nil
	}
	if err := m.Set(r); err != nil {
		return err
	}
	if o.IOWeight == 0 {
		return nil
	}
	// The module writes io.weight to the file only, and systemd, which accounts
	// for the slice's I/O, would take it back.
	return withSystemd(ctx, func(c *dbus.Conn) error {
		return c.SetUnitPropertiesContext(ctx, o.Slice, true, dbus.Property{Name: "IOWeight", Value: godbus.MakeVariant(o.IOWeight)})
	})
}

// stop stops a slice and forgets it. Whoever orders it has made sure that
// nothing runs in it.
func stop(ctx context.Context, name string) error {
	return withSystemd(ctx, func(c *dbus.Conn) error {
		done := make(chan string, 1)
		if _, err := c.StopUnitContext(ctx, name, "replace", done); err != nil {
			if e, ok := err.(godbus.Error); ok && e.Name == "org.freedesktop.systemd1.NoSuchUnit" {
				return nil
			}
			return fmt.Errorf("stop %s: %w", name, err)
		}
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("stop %s: %w", name, ctx.Err())
		}
		_ = c.ResetFailedUnitContext(ctx, name) // it has not failed, as a rule
		return nil
	})
}

func withSystemd(ctx context.Context, f func(*dbus.Conn) error) error {
	c, err := dbus.NewWithContext(ctx)
	if err != nil {
		return fmt.Errorf("speak to systemd: %w", err)
	}
	defer c.Close()
	return f(c)
}
