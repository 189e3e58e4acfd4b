package runtime

import (
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
)

// pingSysctl is what a request sets that has an opinion of its own.
const pingSysctl = "net.ipv4.ping_group_range"

// OpenPing lets a container that was made, and has not started, ping without
// CAP_NET_RAW, which its tenant may not have: in a network namespace of its own,
// or that it brings. It is set from outside, since a process in a user namespace
// can name only groups that are mapped there.
func (a *Accepted) OpenPing(pid int) error {
	l := a.Request.Spec.Linux
	if !a.record.Enforced || l == nil || l.Sysctl[pingSysctl] != "" {
		return nil
	}
	for _, ns := range l.Namespaces {
		if ns.Type == specs.NetworkNamespace && a.has(ns) {
			return openPing(pid)
		}
	}
	return nil
}

// has reports whether a namespace was made for the container, here or by its
// engine, rather than for another one.
func (a *Accepted) has(ns specs.LinuxNamespace) bool {
	held, joined := a.held.of(ns)
	return !joined || a.record.TenantNetwork || slices.Contains(a.record.Namespaces, held.id)
}

func openPing(pid int) error {
	h, err := openNamespace(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer unix.Close(h.fd)
	if isHost(h.id) {
		return nil // the process ended, and another has its number
	}
	if err := namespace.OpenPing(h.fd); err != nil {
		return fmt.Errorf("let the container ping: %w", err)
	}
	return nil
}
