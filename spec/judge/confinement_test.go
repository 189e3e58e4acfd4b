package judge

import (
	"context"
	"strings"

	"github.com/containerd/containerd/v2/contrib/apparmor"
	"github.com/containerd/containerd/v2/contrib/seccomp"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"
)

// The profiles and labels that containerd's CRI plugin writes. Source:
// containerd 2.4.2, internal/cri/sputil; opencontainers/selinux 1.15.1,
// go-selinux/label, InitLabels.

func (n *node) withAppArmor(c *container) oci.SpecOpts {
	switch {
	case !n.appArmor, c.appArmor.kind == "Unconfined", c.privileged && c.appArmor.kind == "RuntimeDefault":
		return apparmor.WithProfile("")
	case c.appArmor.kind == "Localhost":
		return apparmor.WithProfile(c.appArmor.name)
	}
	return apparmor.WithProfile(appArmorCRI)
}

func withSeccomp(c *container) oci.SpecOpts {
	switch {
	case c.privileged, c.seccomp.kind == "Unconfined":
		return oci.WithSeccompUnconfined
	case c.seccomp.kind == "Localhost":
		return func(_ context.Context, _ oci.Client, _ *containers.Container, s *specs.Spec) error {
			s.Linux.Seccomp = localProfile()
			return nil
		}
	}
	return seccomp.WithDefaultProfile()
}

// localProfile stands for a file of the node's operator.
func localProfile() *specs.LinuxSeccomp {
	return &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno,
		Architectures: []specs.Arch{specs.ArchX86_64},
		Syscalls: []specs.LinuxSyscall{{
			Names:  []string{"brk", "close", "execve", "exit", "exit_group", "futex", "mmap", "munmap", "nanosleep", "openat", "read", "write"},
			Action: specs.ActAllow,
		}},
	}
}

// labels are a process's and its files'. The fixtures name levels that SELinux
// does not have and containerd would refuse; here they stay as they are.
func (n *node) labels(o corev1.SELinuxOptions) (process, file string) {
	if !n.seLinux {
		return "", ""
	}
	p, f := strings.SplitN(labelProcess, ":", 4), strings.SplitN(labelFile, ":", 4)
	for i, v := range []string{o.User, o.Role, o.Type, o.Level} {
		if v == "" {
			continue
		}
		p[i] = v
		if i == 0 || i == 3 {
			f[i] = v
		}
	}
	return strings.Join(p, ":"), strings.Join(f, ":")
}
