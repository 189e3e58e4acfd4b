package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	kernelcap "github.com/containerd/containerd/v2/pkg/cap"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func (k *compiler) security(o *Object, s *v1alpha1.Security) tenant.Security {
	return tenant.Security{
		Level:           tenant.Level(cmp.Or(s.Level, v1alpha1.Level(tenant.Baseline))),
		OnExcess:        tenant.OnExcess(cmp.Or(s.OnExcess, v1alpha1.OnExcess(tenant.Refuse))),
		AppArmorProfile: k.appArmor(o, s.AppArmorProfile),
		Exceptions: tenant.Exceptions{
			Capabilities:   k.capabilities(o, s.Exceptions.Capabilities),
			HostNamespaces: hostNamespaces(s.Exceptions.HostNamespaces),
		},
	}
}

func (k *compiler) appArmor(o *Object, p v1alpha1.Profile) string {
	const key = "spec.security.appArmorProfile"
	name := p.LocalhostProfile
	switch {
	case p.Type != "Localhost" && name != "":
		k.bad(o, key+".localhostProfile", "is "+quoted(name)+", which only type Localhost reads; add type: Localhost or remove it")
	case p.Type == "Localhost" && name == "":
		k.bad(o, key, "has type Localhost without a profile; add localhostProfile: NAME")
	case name == "unconfined":
		k.bad(o, key+".localhostProfile", "is unconfined, which is no profile; name one of the node's or remove it")
	case strings.ContainsAny(name, " \t\n\"/\\"):
		k.bad(o, key+".localhostProfile", "is "+quoted(name)+"; want the name of a loaded profile, without spaces, quotes and slashes")
	}
	return name
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
