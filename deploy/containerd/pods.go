package containerd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
)

// Annotations with which the CRI plugin describes a container.
const (
	annotationNamespace = "io.kubernetes.cri.sandbox-namespace"
	annotationType      = "io.kubernetes.cri.container-type"
)

// Running is where containerd keeps the bundles of containers that run.
const Running = "/run/containerd/io.containerd.runtime.v2.task"

// HostPods returns the Kubernetes namespaces with running pods that need the
// host, each with what they need: "host network", "privileged", "host path P".
// It reads the bundles: asking containerd would bring gRPC into the program that
// shims call.
func HostPods(running string) (map[string][]string, error) {
	bundles, err := filepath.Glob(filepath.Join(running, "k8s.io", "*"))
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, bundle := range bundles {
		s, err := asked(bundle)
		if errors.Is(err, os.ErrNotExist) {
			continue // ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		ns := s.Annotations[annotationNamespace]
		for _, need := range needs(s) {
			if ns != "" && !slices.Contains(found[ns], need) {
				found[ns] = append(found[ns], need)
			}
		}
	}
	return found, nil
}

// asked is the spec that containerd wrote.
func asked(bundle string) (*specs.Spec, error) {
	data, err := os.ReadFile(filepath.Join(bundle, spec.EngineFile))
	if errors.Is(err, os.ErrNotExist) {
		data, err = os.ReadFile(filepath.Join(bundle, "config.json"))
	}
	if err != nil {
		return nil, err
	}
	s := new(specs.Spec)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", bundle, err)
	}
	return s, nil
}

// needs are what a pod's container has of the host. What the kubelet and
// containerd mount into every container is below their own folders.
func needs(s *specs.Spec) (all []string) {
	if s.Linux == nil {
		return nil
	}
	network := func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace }
	if !slices.ContainsFunc(s.Linux.Namespaces, network) {
		all = append(all, "host network")
	}
	if s.Annotations[annotationType] == "sandbox" {
		return all
	}
	if p := s.Process; s.Linux.Seccomp == nil && len(s.Linux.MaskedPaths) == 0 && p != nil && p.Capabilities != nil &&
		slices.Contains(p.Capabilities.Bounding, "CAP_SYS_ADMIN") {
		all = append(all, "privileged")
	}
	for _, m := range s.Mounts {
		if slices.ContainsFunc(m.Options, isBind) && !isEngines(m.Source) {
			all = append(all, "host path "+m.Source)
		}
	}
	return all
}

func isBind(option string) bool { return option == "bind" || option == "rbind" }

func isEngines(path string) bool {
	return slices.ContainsFunc([]string{"/var/lib/kubelet/pods/", "/var/lib/containerd/", "/run/containerd/"}, func(dir string) bool {
		return strings.HasPrefix(path, dir)
	})
}
