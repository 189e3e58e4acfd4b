package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// network compiles what a tenant may talk to. Its rules are only those that
// it writes itself: its ancestors' are put in by rulesOf, peers that do not
// list it are taken out by mutual.
func (k *compiler) network(o *Object, spec *v1alpha1.TenantSpec, p *tenant.Policy) tenant.Network {
	n, own := &spec.Network, &o.Tenant.Spec.Network
	out := tenant.Network{
		Namespace: k.networkNamespace(o, n.Namespace, p),
		Walls:     tenant.Walls(cmp.Or(n.Walls, v1alpha1.NetworkWalls(tenant.WallsRequired))),
		Peers:     k.peers(o, n.Peers),
		Host:      k.host(o, n.Host),
	}
	for i, r := range own.Egress {
		out.Egress = append(out.Egress, k.rule(o, fmt.Sprintf("spec.network.egress[%d]", i), "to", r.Action, r.To, r.Ports))
	}
	for i, r := range own.Ingress {
		out.Ingress = append(out.Ingress, k.rule(o, fmt.Sprintf("spec.network.ingress[%d]", i), "from", r.Action, r.From, r.Ports))
	}
	out.Connections, out.ContainerConnections = k.connections(o, spec)
	out.Bandwidth = k.bandwidth(o, "spec.limits.bandwidth", &spec.Limits.Bandwidth)
	out.ContainerBandwidth = k.bandwidth(o, "spec.container.max.bandwidth", &spec.Container.Max.Bandwidth)
	k.containerBandwidth(o, &out)
	k.withoutWalls(o, &out)
	return out
}

// withoutWalls warns of what a tenant writes beside network.namespace Host.
func (k *compiler) withoutWalls(o *Object, n *tenant.Network) {
	own := &o.Tenant.Spec
	if n.Namespace != tenant.HostNetwork || len(own.Network.Peers)+len(own.Network.Host)+len(own.Network.Egress)+len(own.Network.Ingress) == 0 &&
		own.Limits.Bandwidth == (v1alpha1.Bandwidth{}) && own.Limits.Connections == nil {
		return
	}
	k.warn(o, "spec.network.namespace", "is Host, where no wall stands: peers, host, egress, ingress, connections and bandwidth hold only for containers that come with a network of their own")
}

// networkNamespace refuses Host without the right to it, which is never
// inherited: a child that writes nothing is Private then.
func (k *compiler) networkNamespace(o *Object, written v1alpha1.NetworkNamespace, p *tenant.Policy) tenant.NetworkNamespace {
	const key = "spec.network.namespace"
	n := tenant.NetworkNamespace(cmp.Or(written, v1alpha1.NetworkNamespace(tenant.OwnNetwork)))
	granted := p.Security.Level == tenant.Privileged || slices.Contains(p.Security.Exceptions.HostNamespaces, "Network")
	if n != tenant.HostNetwork || granted {
		return n
	}
	if k.giver(o, key) != nil {
		return tenant.OwnNetwork
	}
	k.bad(o, key, "is Host, which the level "+string(p.Security.Level)+" does not grant; add Network to "+exceptionsKey+".hostNamespaces, or remove it")
	return n
}

// peers checks that the tenants that are named exist. A list of the parent's
// may have the tenant itself.
func (k *compiler) peers(o *Object, names []string) []string {
	var out []string
	for i, name := range names {
		key := fmt.Sprintf("spec.network.peers[%d]", i)
		switch {
		case k.tenants[name] == nil:
			k.bad(o, key, "is "+quoted(name)+", which does not exist; "+k.fixTenant(name))
		case name == o.Name():
			if o.Tenant.Spec.Network.Peers != nil {
				k.bad(o, key, "is "+name+", the tenant itself, whose containers reach each other; remove it")
			}
		default:
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mutual keeps the peers that list each other, and warns of those that a
// tenant lists in vain. It comes after within, which compares what is written.
func (k *compiler) mutual(tenants []*Object) {
	written := map[string][]string{}
	for _, o := range tenants {
		written[o.Name()] = k.policy(o).Network.Peers
	}
	for _, o := range tenants {
		p := k.policy(o)
		var kept []string
		for _, name := range written[o.Name()] {
			if slices.Contains(written[name], o.Name()) {
				kept = append(kept, name)
			} else if o.Tenant.Spec.Network.Peers != nil {
				k.warn(o, "spec.network.peers", "has "+name+", which does not list "+o.Name()+": they reach each other only if both do")
			}
		}
		p.Network.Peers = kept
	}
}

func (k *compiler) host(o *Object, in []v1alpha1.HostService) []tenant.HostService {
	var out []tenant.HostService
	for i, h := range in {
		key := fmt.Sprintf("spec.network.host[%d]", i)
		s := tenant.HostService{Ports: k.ports(o, key+".ports", h.Ports)}
		if h.Address != "node" {
			s.Address = k.address(o, key+".address", h.Address, "node or ")
		}
		out = append(out, s)
	}
	return out
}
