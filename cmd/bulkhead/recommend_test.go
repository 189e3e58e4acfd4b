package main

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

const watched = `# ours
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  security:
    exceptions:
      capabilities: [NET_RAW, SYS_TIME]
      devices: [{path: /dev/fuse, permissions: r}]
      hostPaths: [{path: /srv/acme, readOnly: true}]
`

func watchedTenant(t *testing.T) *recommendation {
	t.Helper()
	m, err := parseManifest(watched)
	if err != nil {
		t.Fatal(err)
	}
	return &recommendation{tenant: m, inForce: m, logged: map[string]bool{}, changed: map[string][]string{}}
}

// TestDenialsBecomeKeys: the value of a key after a denial said what allows it.
func TestDenialsBecomeKeys(t *testing.T) {
	for _, c := range []struct {
		allow, key, want string
		added            bool
	}{
		{"security.exceptions.capabilities: [SYS_ADMIN]", "security.exceptions.capabilities", "[NET_RAW, SYS_TIME, SYS_ADMIN]", true},
		{"security.exceptions.capabilities: [NET_RAW]", "security.exceptions.capabilities", "[NET_RAW, SYS_TIME]", false},
		{"security.exceptions.hostNamespaces: [PID]", "security.exceptions.hostNamespaces", "[PID]", true},
		{"security.exceptions.runAsRoot: true", "security.exceptions.runAsRoot", "true", true},
		{"security.level: privileged", "security.level", "privileged", true},
		{"security.exceptions.hostPaths: [{path: /srv/acme}]", "security.exceptions.hostPaths", "[{path: /srv/acme, readOnly: true}]", false},
		{"security.exceptions.hostPaths: [{path: /srv/b}]", "security.exceptions.hostPaths", "[{path: /srv/acme, readOnly: true}, {path: /srv/b}]", true},
		{"security.exceptions.devices: [{path: /dev/fuse}]", "security.exceptions.devices", "[{path: /dev/fuse}]", true},
		{"security.exceptions.devices, by the node's paths of c 10:229", "security.exceptions.devices", "[{path: /dev/fuse, permissions: r}]", false},
		{"NodePolicy.stdio.logFolders", "stdio", "null", false},
		{"NodePolicy.delegates: {runc: /bin/sh}", "delegates", "null", false},
		{"enforcement: Audit", "enforcement", "null", false},
		{"security.exceptions.capabilities: SYS_ADMIN", "security.exceptions.capabilities", "[NET_RAW, SYS_TIME]", false},
		{"security.level: [privileged]", "security.level", "null", false},
		{isolator.Nothing, "security.level", "null", false},
	} {
		r := watchedTenant(t)
		added := r.want(&isolator.Denial{Allow: c.allow}, "acme/web", false)
		if got := written(r.tenant.value(c.key)); got != c.want || added != c.added {
			t.Errorf("%s: %s is %s, added %v; want %s, %v", c.allow, c.key, got, added, c.want, c.added)
		}
	}
}

func TestAManifestKeepsItsCommentsAndNoEmptySection(t *testing.T) {
	m := watchedTenant(t).tenant
	for _, key := range []string{"capabilities", "devices", "hostPaths"} {
		for _, v := range entriesOf(m.value(exceptionKeys + key)) {
			m.remove(exceptionKeys+key, v)
		}
	}
	text, err := m.text()
	if err != nil {
		t.Fatal(err)
	}
	if want := "# ours\napiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata:\n  name: acme\nspec: {}\n"; text != want {
		t.Errorf("got\n%s", text)
	}
}

func TestTryingWithAManifestLeavesItAsItWas(t *testing.T) {
	m := watchedTenant(t).tenant
	before, err := m.text()
	if err != nil {
		t.Fatal(err)
	}
	tried := m.clone()
	tried.remove("security.exceptions.capabilities", "NET_RAW")
	tried.add("security.exceptions.capabilities", []any{"SYS_BOOT"})
	tried.set("security.level", "privileged")
	tried.say("security.level", nil, " tried")
	list := entriesOf(tried.value("security.exceptions.devices"))
	tried.remove("security.exceptions.devices", list[0])
	if after, err := m.text(); err != nil || after != before {
		t.Errorf("got\n%s\n%v", after, err)
	}
}
