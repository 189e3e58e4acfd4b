package containerd

import (
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestWhatPodsNeedOfTheHost(t *testing.T) {
	own := []specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/run/netns/x"}}
	kubelets := specs.Mount{Source: "/var/lib/kubelet/pods/1/etc-hosts", Options: []string{"rbind", "rw"}}
	all := &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_SYS_ADMIN"}}}
	for _, c := range []struct {
		about string
		spec  specs.Spec
		want  []string
	}{
		{"a plain one", specs.Spec{Linux: &specs.Linux{Namespaces: own, Seccomp: &specs.LinuxSeccomp{}}, Mounts: []specs.Mount{kubelets}}, nil},
		{"host network", specs.Spec{Linux: &specs.Linux{MaskedPaths: []string{"/proc/kcore"}}}, []string{"host network"}},
		{"privileged", specs.Spec{Linux: &specs.Linux{Namespaces: own}, Process: all}, []string{"privileged"}},
		{"a sandbox is not asked for more", specs.Spec{Annotations: map[string]string{annotationType: "sandbox"}, Linux: &specs.Linux{Namespaces: own}, Process: all}, nil},
		{"host path", specs.Spec{Linux: &specs.Linux{Namespaces: own}, Mounts: []specs.Mount{{Source: "/srv", Options: []string{"rbind"}}}}, []string{"host path /srv"}},
		{"a file system of its own is no host path", specs.Spec{Linux: &specs.Linux{Namespaces: own}, Mounts: []specs.Mount{{Source: "tmpfs"}}}, nil},
	} {
		if got := needs(&c.spec); !slices.Equal(got, c.want) {
			t.Errorf("%s: needs %q, want %q", c.about, got, c.want)
		}
	}
}
