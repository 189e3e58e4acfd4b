package isolator

import specs "github.com/opencontainers/runtime-spec/specs-go"

// restrictedProfile is baselineProfile less
//
//	sync                  writes back what other tenants wrote (attack row 51); fsync and syncfs stay
//	netlink               but its protocol 0, which asks for addresses and routes (attack row 31)
//	setns, unshare        and clone with a new namespace, even where an exception permits CAP_SYS_ADMIN
func restrictedProfile(c *Case) *specs.LinuxSeccomp {
	const route = 0 // NETLINK_ROUTE
	p := commonProfile(c)
	p.Syscalls = append(p.Syscalls, allowed("socket", equal(0, afNetlink), equal(2, route)))
	return withoutNamespaces(p)
}
