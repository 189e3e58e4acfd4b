package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// guard: what stands inside a container's network, and for whom it is not enough.
var _ = register(Check{"network.guard", checkGuard})

func checkGuard(_ context.Context, n *Node) ([]Result, error) {
	release, err := n.text("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	all := ok("a container's network stays closed to interfaces without walls, also when its shim was killed")
	if !guard.Outlives(release) {
		all = []Result{{
			Level: Note, What: "the guard of a container's network ends with its shim",
			Means: "when a shim was killed, an interface that its container is given then has no walls and is open",
			Fix:   "Linux 6.9 or later",
		}}
	}
	raw, unbounded, err := n.beyondGuard()
	if err != nil {
		return nil, err
	}
	if raw != nil && !guard.ClosesRaw(release) {
		all = append(all, Result{
			Level: Note, What: "packet sockets pass the guard of a container's network",
			Means: "containers of " + strings.Join(raw, ", ") + " can send frames by an interface that comes while they run, until the shim has heard of it",
			Fix:   "Linux 6.17 or later, or no CAP_NET_RAW",
		})
	}
	if unbounded != nil {
		all = append(all, Result{
			Level: Note, What: "how many of the kernel's neighbours they make is not bounded: " + strings.Join(unbounded, ", "),
			Means: "their containers may have CAP_NET_ADMIN or CAP_NET_RAW; the table is one for the node (net.ipv4.neigh.default.gc_thresh3, and of ipv6)",
			Fix:   "take both from security.exceptions.capabilities, or give them delegate: runsc, whose neighbours are its own",
		})
	}
	return all, nil
}

// beyondGuard are tenants that may send raw frames, and those whose neighbours
// are not bounded.
func (n *Node) beyondGuard() (raw, unbounded []string, err error) {
	st, err := tenant.Open(n.Root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	names, err := st.Names()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		p, err := st.Tenant(name)
		if err != nil {
			return nil, nil, err
		}
		sends, makes := isolator.MayHave(p, "CAP_NET_RAW"), isolator.MayHave(p, "CAP_NET_ADMIN")
		if sends {
			raw = append(raw, name)
		}
		if (sends || makes) && p.Delegate != "runsc" {
			unbounded = append(unbounded, name)
		}
	}
	return raw, unbounded, nil
}
