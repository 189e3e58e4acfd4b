package compile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	kernelcap "github.com/containerd/containerd/v2/pkg/cap"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const exceptionsKey = "spec.security.exceptions"

func (k *compiler) exceptions(o *Object, e *v1alpha1.Exceptions) tenant.Exceptions {
	return tenant.Exceptions{
		Capabilities:   k.capabilities(o, e.Capabilities),
		HostNamespaces: hostNamespaces(e.HostNamespaces),
		RunAsRoot:      e.RunAsRoot,
		HostPaths:      k.hostPaths(o, e.HostPaths),
		Devices:        k.devices(o, e.Devices),
		CDIDevices:     k.cdiDevices(o, e.CDIDevices),
		Sysctls:        k.sysctls(o, e.Sysctls),
	}
}

func (k *compiler) hostPaths(o *Object, in []v1alpha1.HostPath) []tenant.HostPath {
	var out []tenant.HostPath
	for i, h := range in {
		k.path(o, fmt.Sprintf("%s.hostPaths[%d].path", exceptionsKey, i), h.Path)
		out = append(out, tenant.HostPath{Path: h.Path, ReadOnly: h.ReadOnly})
	}
	return out
}

func (k *compiler) devices(o *Object, in []v1alpha1.Device) []tenant.Device {
	var out []tenant.Device
	for i, d := range in {
		key := fmt.Sprintf("%s.devices[%d]", exceptionsKey, i)
		k.path(o, key+".path", d.Path)
		if !strings.HasPrefix(filepath.Clean(d.Path), "/dev/") {
			k.bad(o, key+".path", "is "+quoted(d.Path)+"; want a device below /dev")
		}
		if strings.Trim(d.Permissions, "rwm") != "" {
			k.bad(o, key+".permissions", "is "+quoted(d.Permissions)+"; want some of rwm")
		}
		out = append(out, tenant.Device{Path: d.Path, Permissions: permissions(d.Permissions)})
	}
	return out
}

func (k *compiler) sysctls(o *Object, in []string) []string {
	for i, name := range in {
		if _, ok := isolator.SysctlNamespace(name); !ok {
			k.bad(o, fmt.Sprintf("%s.sysctls[%d]", exceptionsKey, i), "is "+quoted(name)+"; want the dotted name of one that a container has for itself: net.*, fs.mqueue.*, kernel.msg*, kernel.sem or kernel.shm*")
		}
	}
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

// permissions are those written, in the order of the kernel; rw if none are.
func permissions(written string) string {
	if written == "" {
		written = "rw"
	}
	var out string
	for _, p := range "rwm" {
		if strings.ContainsRune(written, p) {
			out += string(p)
		}
	}
	return out
}

func (k *compiler) capabilities(o *Object, in []string) []string {
	var out []string
	for i, written := range in {
		name := strings.ToUpper(written)
		if !strings.HasPrefix(name, "CAP_") {
			name = "CAP_" + name
		}
		if !slices.Contains(kernelcap.Known(), name) {
			k.bad(o, fmt.Sprintf("spec.security.exceptions.capabilities[%d]", i), "is "+quoted(written)+", no capability; "+fixCapability(name))
			continue
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func fixCapability(name string) string {
	if name == "CAP_ALL" {
		return "name each one, or use level: privileged"
	}
	if near := Suggest(name, kernelcap.Known()); near != "" {
		return "did you mean " + strings.TrimPrefix(near, "CAP_") + "?"
	}
	return "see: man 7 capabilities"
}

func hostNamespaces(in []v1alpha1.HostNamespace) []string {
	var out []string
	for _, n := range in {
		out = append(out, string(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
