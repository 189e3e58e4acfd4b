package compile

import (
	"slices"
	"strings"
)

// unimplemented are the keys that this version documents and does not do yet,
// with the values that may be written, the documented default first. Keys below
// them are meant too. The list may only shrink.
var unimplemented = []struct{ kind, key, only string }{
	{"tenant", "spec.limits.ephemeral-storage", ""},
	{"tenant", "spec.limits.inodes", ""},
	{"tenant", "spec.container.max.logBytesPerSecond", ""},
	{"tenant", "spec.security.auditLevel", ""},
	{"tenant", "spec.security.seccompProfile.type", "RuntimeDefault"},
	{"tenant", "spec.security.seccompProfile.localhostProfile", ""},
	{"tenant", "spec.security.seLinuxOptions", ""},
	{"nodepolicy", "spec.audit.sink", "File"},
}

// Implemented reports whether this version does a key: "tenant.spec.cpus". For
// one that it does not, it returns the values that may be written: "File".
func Implemented(key string) (only string, ok bool) {
	for _, u := range unimplemented {
		at := u.kind + "." + u.key
		if key == at || strings.HasPrefix(key, at+".") {
			return strings.ReplaceAll(u.only, " ", " and "), false
		}
	}
	return "", true
}

func (k *compiler) unimplemented(o *Object) {
	for _, u := range unimplemented {
		f, ok := o.fields[u.key]
		if !ok || u.kind != o.Kind() || !f.full || u.only != "" && slices.Contains(strings.Fields(u.only), f.text) {
			continue
		}
		what := "is not implemented yet by this version; remove it"
		if u.only != "" {
			what = "is " + quoted(f.text) + ", which is not implemented yet by this version; remove it"
		}
		k.bad(o, u.key, what)
	}
}
