package integration

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/cap"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What a client may write into a spec and containerd's library has no word for.

func memoryLimit(mebibytes uint64) []oci.SpecOpts {
	return []oci.SpecOpts{oci.WithMemoryLimit(mebibytes << 20)}
}

func cpuQuota(quota int64, period uint64) oci.SpecOpts { return oci.WithCPUCFS(quota, period) }

// edit is a change of the spec.
func edit(change func(*specs.Spec)) oci.SpecOpts {
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *oci.Spec) error {
		change(s)
		return nil
	}
}

// allCapabilities are all that this machine's root holds: runc fails with others.
func allCapabilities() []string {
	held, err := cap.Current()
	if err != nil {
		panic(err) // /proc/self/status cannot be read
	}
	return held
}

func annotated(key, value string) oci.SpecOpts {
	return oci.WithAnnotations(map[string]string{key: value})
}

// joined puts the container into the namespace of a process.
func joined(kind specs.LinuxNamespaceType, pid int) oci.SpecOpts {
	file := map[specs.LinuxNamespaceType]string{
		specs.NetworkNamespace: "net", specs.PIDNamespace: "pid", specs.IPCNamespace: "ipc", specs.UTSNamespace: "uts",
	}[kind]
	return oci.WithLinuxNamespace(specs.LinuxNamespace{Type: kind, Path: fmt.Sprintf("/proc/%d/ns/%s", pid, file)})
}
