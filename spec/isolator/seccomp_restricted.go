package isolator

import specs "github.com/opencontainers/runtime-spec/specs-go"

// restrictedProfile is baselineProfile less
//
//	sync                  writes back what other tenants wrote (attack row 51); fsync and syncfs stay
//	netlink               but its protocol for routes (attack row 31) and, with CAP_NET_ADMIN, IPsec and netfilter
//	setns, unshare        and clone with a new namespace, even where an exception permits CAP_SYS_ADMIN
func restrictedProfile(c *Case) *specs.LinuxSeccomp {
	p := commonProfile(c)
	p.Syscalls = append(p.Syscalls, netlink(netlinkRoute)...)
	if mayHave(c, "CAP_NET_ADMIN") {
		p.Syscalls = append(p.Syscalls, netlink(netlinkXfrm, netlinkNetfilter)...)
	}
	p.Syscalls = append(p.Syscalls, withoutAudit())
	return withoutNamespaces(c, p)
}

// withoutAudit answers as a kernel without the audit system does. libaudit
// takes only that for a machine where nothing is to be recorded; after EPERM,
// sshd ends the session and useradd adds nobody (audit 3.0, audit_open;
// OpenSSH, audit-linux.c; shadow, audit_help.c).
func withoutAudit() specs.LinuxSyscall {
	unsupported := uint(93) // EPROTONOSUPPORT
	return specs.LinuxSyscall{
		Names: []string{"socket"}, Action: specs.ActErrno, ErrnoRet: &unsupported,
		Args: []specs.LinuxSeccompArg{equal(0, afNetlink), equal(2, netlinkAudit)},
	}
}
