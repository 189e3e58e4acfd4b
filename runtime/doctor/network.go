package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// network: the parts of the kernel that walls and bandwidth are made of.
var _ = register(Check{"network", checkNetwork})

// networkParts are options of the kernel's build, by what they are for.
var networkParts = []struct {
	key, means string
	options    []string
}{
	{"walls between tenants (nftables)", "containers with an interface do not start: no walls can stand around it", []string{"CONFIG_NF_TABLES", "CONFIG_NF_TABLES_INET", "CONFIG_NF_TABLES_NETDEV", "CONFIG_NF_CONNTRACK", "CONFIG_NFT_CT"}},
	{"limits.bandwidth (tc)", "containers of tenants with limits.bandwidth or container.max.bandwidth do not start", []string{"CONFIG_NET_SCHED", "CONFIG_NET_SCH_HTB", "CONFIG_NET_SCH_TBF", "CONFIG_IFB", "CONFIG_NFT_FWD_NETDEV"}},
	{"containers' interfaces", "engines have no bridges to plug containers into", []string{"CONFIG_VETH", "CONFIG_BRIDGE"}},
}

func checkNetwork(_ context.Context, n *Node) ([]Result, error) {
	b, err := n.built()
	if errors.Is(err, errNoConfig) {
		return unknownBuild("nftables, tc and veth"), nil
	}
	if err != nil {
		return nil, err
	}
	var all []Result
	var there []string
	for _, p := range networkParts {
		missing := b.missing(p.options...)
		if len(missing) == 0 {
			there = append(there, p.key)
			continue
		}
		all = append(all, Result{
			Level: Note, What: "the kernel lacks parts for " + p.key,
			Means: p.means,
			Fix:   "a kernel built with " + strings.Join(missing, ", "),
		})
	}
	if there != nil {
		all = slices.Concat(ok("the kernel has what is needed for %s", strings.Join(there, ", ")), all)
	}
	return all, nil
}
