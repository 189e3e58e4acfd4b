package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/cni"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// provide: what connects the networks that tenants' containers share.
var _ = register(Check{"network.provide", checkProvide})

func checkProvide(_ context.Context, n *Node) ([]Result, error) {
	st, err := tenant.Open(n.Root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	node, err := st.Node()
	if err != nil || len(node.Network.Provide) == 0 {
		return nil, err
	}
	const means = "a container of a tenant whose network.namespace is Tenant does not start in "
	where := strings.Join(node.Network.Provide, ", ")
	conflist := node.Network.Conflist
	if conflist == "" {
		return ok("the networks of tenants in %s have loopback only", where), nil
	}
	lacks, folders, err := cni.Lacks(conflist)
	if err != nil {
		return []Result{{
			Level: Failure, What: "NodePolicy.network.conflist cannot be read: " + err.Error(),
			Means: means + where, Fix: "a CNI network configuration list at " + conflist + ", or remove the key",
		}}, nil
	}
	if len(lacks) > 0 {
		return []Result{{
			Level: Failure, What: conflist + " names plugins that are not installed: " + strings.Join(lacks, ", "),
			Means: means + where, Fix: "install them in " + strings.Join(folders, " or ") + " (Debian: containernetworking-plugins)",
		}}, nil
	}
	return ok("%s connects the networks of tenants in %s", conflist, where), nil
}
