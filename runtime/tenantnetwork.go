package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A tenant's network is a folder below Root.Networks, by the tenant's name: the
// namespace, mounted at "namespace"; the CNI configuration that it was connected
// by, "conflist", as long as something may have to be disconnected; and "ready"
// from when all is there, which is "leaving" from when it is taken away again.
// One without either was interrupted while it was made.

func networkOf(root tenant.Root, name string) (folder string) {
	return filepath.Join(root.Networks(), name)
}

func networkIn(folder string) string { return filepath.Join(folder, "namespace") }

// provides reports whether a new network namespace means the tenant's: on the
// node's word, which is about clients of containerd alone. An engine of pods
// and the command lines have their own networks.
func provides(node *tenant.Node, p *tenant.Policy, f isolator.Facts) bool {
	return p.Network.Namespace == tenant.TenantNetwork && f.Engine == isolator.Containerd && slices.Contains(node.Network.Provide, f.Namespace)
}

// wantsNetwork reports a spec with a new network namespace.
func wantsNetwork(s *specs.Spec) bool {
	return s.Linux != nil && slices.Contains(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.NetworkNamespace})
}

// unmountable refuses what no delegate can make: the kernel lets only who owns a
// network mount sysfs of it (fs/sysfs/mount.c, sysfs_init_fs_context), and a
// tenant's is the node's.
func unmountable(s *specs.Spec) isolator.Denials {
	remapped := slices.ContainsFunc(s.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == specs.UserNamespace })
	if !remapped || !slices.ContainsFunc(s.Mounts, func(m specs.Mount) bool { return m.Type == "sysfs" }) {
		return nil
	}
	return isolator.Denials{{
		Isolator: "namespaces", Path: "linux.namespaces[user]", Got: "set",
		Want: "none with the tenant's network and a mount of sysfs", Allow: "network.namespace: Private",
	}}
}

// networkLocked runs f below a lock beside those of tenants, whose names have no
// dot: a plugin takes its time, and a tenant's lock is its parent's too.
func (rt *Runtime) networkLocked(name string, f func() error) error {
	return rt.tree.Locked([]string{name + ".network"}, f)
}

// provide holds the tenant's network open for the delegate. The container's
// record is there, which keeps the network from going.
func (a *Accepted) provide(d *decision) error {
	folder := networkOf(a.rt.root, d.policy.Name)
	return a.rt.networkLocked(d.policy.Name, func() error {
		err := a.rt.ensureNetwork(d.policy.Name, d.node.Network.Conflist)
		if err != nil {
			return fmt.Errorf("make the network of tenant %s: %w", d.policy.Name, err)
		}
		h, err := openNamespace(networkIn(folder))
		if err != nil {
			return err
		}
		a.held[""] = h
		return nil
	})
}

// ensureNetwork makes a tenant's network, unless it is there.
func (rt *Runtime) ensureNetwork(name, conflist string) error {
	folder := networkOf(rt.root, name)
	ready := filepath.Join(folder, "ready")
	if _, err := os.Lstat(ready); err == nil {
		return nil
	}
	if err := rt.removeNetwork(name); err != nil { // of a shim that was killed
		return err
	}
	err := rt.makeNetwork(name, conflist)
	if err == nil {
		err = os.WriteFile(ready, nil, 0o600)
	}
	if err != nil {
		return errors.Join(err, rt.removeNetwork(name))
	}
	return nil
}

func (rt *Runtime) makeNetwork(name, conflist string) error {
	var plan []byte
	if conflist != "" {
		var err error
		if plan, err = os.ReadFile(conflist); err != nil {
			return fmt.Errorf("read NodePolicy.network.conflist: %w", err)
		}
	}
	folder := networkOf(rt.root, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := namespace.Make(networkIn(folder)); err != nil {
		return err
	}
	if plan == nil {
		return nil
	}
	if err := os.WriteFile(plugIn(folder), plan, 0o600); err != nil {
		return err
	}
	return rt.orderPlug(name, true)
}

// releaseNetwork removes a tenant's network with the last container in it.
func (rt *Runtime) releaseNetwork(name string) error {
	if _, err := os.Lstat(networkOf(rt.root, name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return rt.networkLocked(name, func() error {
		used, err := rt.networkUsed(name)
		if err != nil || used {
			return err
		}
		if err := rt.removeNetwork(name); err != nil {
			return fmt.Errorf("remove the network of tenant %s: %w", name, err)
		}
		return nil
	})
}

// networkUsed reports whether a container of the tenant is in its network: one
// that was given it, or that joined another's.
func (rt *Runtime) networkUsed(name string) (used bool, err error) {
	var id record.Namespace
	if h, err := openNamespace(networkIn(networkOf(rt.root, name))); err == nil {
		id = h.id
		unix.Close(h.fd)
	}
	err = record.OfTenant(rt.root, name, record.Own, func(r *record.Record) bool {
		used = r.TenantNetwork || slices.Contains(r.Namespaces, id)
		return used
	})
	return used, err
}

// removeNetwork disconnects a tenant's network and removes it; none is success.
func (rt *Runtime) removeNetwork(name string) error {
	folder := networkOf(rt.root, name)
	leaving := filepath.Join(folder, "leaving")
	if err := os.Rename(filepath.Join(folder, "ready"), leaving); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(plugIn(folder)); err == nil {
		err := rt.orderPlug(name, false)
		// What could not be connected often cannot be disconnected either, and
		// would keep the tenant from a network for good.
		if _, never := os.Lstat(leaving); err != nil && never == nil {
			return err
		}
		if err := os.Remove(plugIn(folder)); err != nil {
			return err
		}
	}
	if err := namespace.Remove(networkIn(folder)); err != nil {
		return err
	}
	return os.RemoveAll(folder) // what plugins remember of it
}

// idleNetworks are those of tenants without a container in them.
func (rt *Runtime) idleNetworks() (found []Leftover, err error) {
	folders, err := os.ReadDir(rt.root.Networks())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range folders {
		used, err := rt.networkUsed(f.Name())
		if err != nil {
			return nil, err
		}
		if !used {
			found = append(found, Leftover{"tenant network", f.Name(), func(context.Context) error { return rt.releaseNetwork(f.Name()) }})
		}
	}
	return found, nil
}
