package compile

import (
	"cmp"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func (k *compiler) security(o *Object, s *v1alpha1.Security) tenant.Security {
	return tenant.Security{
		Level:           tenant.Level(cmp.Or(s.Level, v1alpha1.Level(tenant.Baseline))),
		OnExcess:        tenant.OnExcess(cmp.Or(s.OnExcess, v1alpha1.OnExcess(tenant.Refuse))),
		AppArmorProfile: k.appArmor(o, s.AppArmorProfile),
		UserNamespace:   tenant.UserNamespace(cmp.Or(s.UserNamespace, v1alpha1.UserNamespace(tenant.Preferred))),
		Exceptions:      k.exceptions(o, &s.Exceptions),
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
