package tenant_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

const policy = `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {selectors: {containerdNamespaces: [acme, moby-acme], kubernetesNamespaces: [acme-prod, "acme-ci-*"]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme-tests}
spec: {selectors: {kubernetesNamespaces: ["acme-ci-tests-*"]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: umbrella}
spec: {selectors: {containerdNamespaces: [umbrella]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {tenantAnnotation: {trustedContainerdNamespaces: [ci]}, exemptions: {kubernetesNamespaces: [kube-system]}}
`

func apply(t *testing.T, documents string) tenant.Root {
	t.Helper()
	root := tenant.Root(t.TempDir())
	compiletest.Apply(t, root, documents)
	return root
}

func resolve(t *testing.T, root tenant.Root, e tenant.Evidence) (string, error) {
	t.Helper()
	st, err := tenant.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	node, err := st.Node()
	if err != nil {
		t.Fatal(err)
	}
	p, err := st.Resolve(node, e)
	if err != nil {
		return "", err
	}
	return p.Name, nil
}

func TestTenantFollowsFromFactsThatAgree(t *testing.T) {
	root := apply(t, policy)
	for _, test := range []struct {
		name     string
		evidence tenant.Evidence
		want     string // a tenant, or a part of the refusal
	}{
		{"containerd namespace", tenant.Evidence{ContainerdNamespace: "acme"}, "acme"},
		{"pod's namespace", tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-prod"}, "acme"},
		{"prefix", tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-ci-7"}, "acme"},
		{"longer prefix", tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-ci-tests-7"}, "acme-tests"},
		{"handler", tenant.Evidence{ContainerdNamespace: "moby", Pinned: "umbrella"}, "umbrella"},
		{"handler and namespace agree", tenant.Evidence{ContainerdNamespace: "acme", Pinned: "acme"}, "acme"},
		{"annotation where trusted", tenant.Evidence{ContainerdNamespace: "ci", Annotated: "umbrella"}, "umbrella"},
		{"annotation elsewhere", tenant.Evidence{ContainerdNamespace: "acme", Annotated: "umbrella"}, "acme"},
		{"only an untrusted annotation", tenant.Evidence{ContainerdNamespace: "stranger", Annotated: "umbrella"}, "no tenant selects containerd namespace stranger"},
		{"handler against namespace", tenant.Evidence{ContainerdNamespace: "acme", Pinned: "umbrella"}, "name different tenants"},
		{"sandbox against pod's namespace", tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "acme-prod", Sandbox: "umbrella"}, "name different tenants"},
		{"handler of a tenant that is gone", tenant.Evidence{ContainerdNamespace: "moby", Pinned: "ghost"}, "does not exist"},
		{"no fact", tenant.Evidence{ContainerdNamespace: "stranger"}, "spec.selectors.containerdNamespaces"},
		{"no fact of a pod", tenant.Evidence{ContainerdNamespace: "k8s.io", KubernetesNamespace: "stranger"}, "spec.selectors.kubernetesNamespaces"},
		{"a path for a name", tenant.Evidence{ContainerdNamespace: "../../../tenants/acme.json"}, "no tenant selects"},
		{"a path for a handler's tenant", tenant.Evidence{ContainerdNamespace: "x", Pinned: "../by/containerd-namespace/acme"}, "does not exist"},
	} {
		got, err := resolve(t, root, test.evidence)
		if err == nil && got != test.want {
			t.Errorf("%s: tenant %s, want %s", test.name, got, test.want)
		}
		var unresolved *tenant.Unresolved
		if err != nil && (!errors.As(err, &unresolved) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestRefusalNamesNoOtherTenant(t *testing.T) {
	_, err := resolve(t, apply(t, policy), tenant.Evidence{ContainerdNamespace: "acme", Pinned: "umbrella"})
	if err == nil || strings.Contains(err.Error(), "umbrella") {
		t.Errorf("got %v, want a refusal without the other tenant's name", err)
	}
}

func TestDefaultTenantTakesWhatNoFactNames(t *testing.T) {
	root := apply(t, strings.Replace(policy, "spec: {tenantAnnotation", "spec: {defaultTenant: umbrella, tenantAnnotation", 1))
	if got, err := resolve(t, root, tenant.Evidence{ContainerdNamespace: "stranger"}); got != "umbrella" {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := resolve(t, root, tenant.Evidence{ContainerdNamespace: "acme"}); got != "acme" {
		t.Errorf("a selected namespace: %s, %v", got, err)
	}
}

func TestBuildsAreTheTenantsThatTheNodeNames(t *testing.T) {
	byDefault := strings.Replace(policy, "spec: {tenantAnnotation", "spec: {defaultTenant: umbrella, tenantAnnotation", 1)
	if got, err := resolve(t, apply(t, byDefault), tenant.Evidence{Build: true}); err == nil || !strings.Contains(err.Error(), "set NodePolicy.builds.tenant") {
		t.Errorf("without a tenant of builds: %q, %v", got, err)
	}
	root := apply(t, strings.Replace(byDefault, "defaultTenant", "builds: {tenant: acme}, defaultTenant", 1))
	for want, e := range map[string]tenant.Evidence{
		"acme":       {Build: true},
		"acme-tests": {Build: true, Pinned: "acme-tests"},
		"umbrella":   {},
	} {
		if got, err := resolve(t, root, e); got != want {
			t.Errorf("%+v: got %s, %v; want %s", e, got, err, want)
		}
	}
}

func TestExemptionIsExact(t *testing.T) {
	root := apply(t, policy)
	for namespace, want := range map[string]bool{"kube-system": true, "kube-systems": false, "kube-": false, "": false, "..": false, "../kubernetes-namespace/kube-system": false} {
		if got := tenant.Exempt(root, tenant.KubernetesNamespace, namespace); got != want {
			t.Errorf("%q exempt: %v, want %v", namespace, got, want)
		}
	}
	if tenant.Exempt(root, tenant.ContainerdNamespace, "kube-system") {
		t.Error("an exemption of another kind counts")
	}
}

func TestInstallationsHaveNamesOfTheirOwn(t *testing.T) {
	a, b := tenant.Root(t.TempDir()), tenant.Root(t.TempDir())
	if tenant.Root("/").Installation() != "" || a.Installation() == b.Installation() || len(a.Installation()) != 8 {
		t.Errorf("installations %q, %q, %q", tenant.Root("/").Installation(), a.Installation(), b.Installation())
	}
}
