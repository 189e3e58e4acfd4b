package bandwidth

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/facts"
	"github.com/bulkhead-dev/bulkhead/hooks/network/guard"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Wall raises walls around containers by a policy, with a guard inside.
func (l *Lab) Wall(p *tenant.Policy, hosts ...*Host) error {
	return l.Node.do(func() error {
		for _, h := range hosts {
			interfaces, err := facts.Read(h.file)
			if err != nil {
				return err
			}
			if err := network.Walls(p, new(tenant.Node), network.Facts{Name: h.name(p), Interfaces: interfaces}).Apply(nil); err != nil {
				return err
			}
			if err := h.raiseGuard(interfaces); err != nil {
				return err
			}
		}
		return nil
	})
}

// raiseGuard raises one as containers have it without a capability.
func (h *Host) raiseGuard(interfaces []facts.Interface) (err error) {
	const loopback = 1
	f := guard.Facts{Known: []int{loopback}, Neighbours: true}
	for _, i := range interfaces {
		f.Known, f.Gateways = append(f.Known, i.Index), append(f.Gateways, i.Gateways...)
	}
	if h.guard != nil {
		return h.guard.Follow(f)
	}
	h.guard, err = guard.Raise(h.file, f)
	return err
}

// Raze takes them away.
func (l *Lab) Raze(p *tenant.Policy, hosts ...*Host) error {
	return l.Node.do(func() error {
		for _, h := range hosts {
			if err := network.Undo(h.name(p)); err != nil {
				return err
			}
			if h.guard == nil {
				continue
			}
			if err := h.guard.Remove(); err != nil {
				return err
			}
			h.guard = nil
		}
		return nil
	})
}

func (h *Host) name(p *tenant.Policy) network.Name {
	return network.Name{Tenant: p.Name, Scope: "lab", ID: h.Interface}
}

// Engine gives the node the rules that Docker has, and a CNI configuration with
// ipMasq and portMappings: they track connections. Frames on the bridge pass
// them too (bridge-nf-call-iptables), where the kernel has that.
func (l *Lab) Engine(ctx context.Context) error {
	const rules = `table ip nat {
	chain postrouting { type nat hook postrouting priority srcnat; ip saddr 10.77.0.0/24 oifname != "` + bridge + `" masquerade; }
	chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 8080 dnat to 10.77.0.2; }
}
table ip filter {
	chain forward { type filter hook forward priority filter; oifname "` + bridge + `" ct state related,established accept; iifname "` + bridge + `" accept; }
}
`
	return l.Node.do(func() error {
		cmd := exec.CommandContext(ctx, "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("nft: %w: %s", err, out)
		}
		return nil
	})
}
