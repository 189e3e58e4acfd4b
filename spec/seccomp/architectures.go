package seccomp

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// architectures are those whose calls a filter decides besides the native
// one's; calls of others are killed.
type architectures struct {
	any  bool
	list []specs.Arch // each once
}

// readArchitectures drops names that no delegate knows; it refuses them.
func readArchitectures(list []specs.Arch) (a architectures) {
	for _, arch := range list {
		if _, known := words[arch]; known && !slices.Contains(a.list, arch) {
			a.list = append(a.list, arch)
		}
	}
	return a
}

func (a architectures) has(arch specs.Arch) bool { return a.any || slices.Contains(a.list, arch) }

// within reports that b has all of them. An empty list is the native one alone.
func (a architectures) within(b architectures) bool {
	return b.any || !a.any && !slices.ContainsFunc(a.list, func(arch specs.Arch) bool { return !b.has(arch) })
}

// common is the intersection, sorted.
func (a architectures) common(b architectures) (both []specs.Arch) {
	for _, arch := range slices.Concat(a.list, b.list) {
		if a.has(arch) && b.has(arch) {
			both = append(both, arch)
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}

func is32(a specs.Arch) bool { return words[a] == 32 }

// certain32 reports that the filter means the same on a 32-bit architecture.
// There socketcall and ipc reach what others deny: libseccomp adds rules for
// both to a rule for a call of sockets or of System V IPC (2.5.4, abi_rule_add),
// which a meet by names does not see.
func (p *profile) certain32() bool {
	for _, e := range p.entries {
		if len(e.deny) > 0 && slices.Contains(multiplexed, e.name) || !certain32(e.trees) {
			return false
		}
	}
	return true
}

var multiplexed = []string{
	"socketcall", "socket", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername", "socketpair", "send", "recv",
	"sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
	"ipc", "semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl", "shmat", "shmdt", "shmget", "shmctl",
}

// words is how many bits of an argument libseccomp compares. x32 and n32 have
// registers of 64 bits, of which it looks at half.
var words = map[specs.Arch]int{
	specs.ArchX86_64: 64, specs.ArchX86: 32, specs.ArchX32: 32,
	specs.ArchAARCH64: 64, specs.ArchARM: 32,
	specs.ArchMIPS: 32, specs.ArchMIPS64: 64, specs.ArchMIPS64N32: 32,
	specs.ArchMIPSEL: 32, specs.ArchMIPSEL64: 64, specs.ArchMIPSEL64N32: 32,
	specs.ArchPPC: 32, specs.ArchPPC64: 64, specs.ArchPPC64LE: 64,
	specs.ArchS390: 32, specs.ArchS390X: 64,
	specs.ArchPARISC: 32, specs.ArchPARISC64: 64,
	specs.ArchRISCV64: 64, specs.ArchLOONGARCH64: 64, specs.ArchM68K: 32, specs.ArchSH: 32, specs.ArchSHEB: 32,
}
