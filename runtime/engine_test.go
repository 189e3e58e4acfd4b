package runtime

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

const pods = `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {selectors: {kubernetesNamespaces: [acme-prod]}, limits: {memory: 256Mi}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: umbrella}
spec: {selectors: {kubernetesNamespaces: [umbrella], containerdNamespaces: [umbrella]}}
---
apiVersion: bulkhead.dev/v1alpha1
kind: NodePolicy
metadata: {name: default}
spec: {exemptions: {kubernetesNamespaces: [kube-system]}, audit: {record: All}}
`

const podUID = "1f0c5a3e-6b1d-4c55-9a3b-7f5f2f6f0001"

// ofPod makes a spec one of containerd's CRI plugin.
func ofPod(kind, id, sandbox, namespace string) func(*specs.Spec) {
	return func(s *specs.Spec) {
		s.Annotations = map[string]string{
			criContainerType: kind, criSandboxID: sandbox, criNamespace: namespace, criPodUID: podUID,
		}
		s.Linux.CgroupsPath = "/kubepods/burstable/pod" + podUID + "/" + id
		s.Root.Path = "rootfs"
	}
}

func createPod(t *testing.T, rt *Runtime, id string, change func(*specs.Spec)) (*isolator.Request, error) {
	t.Helper()
	dir, _ := bundle(t, change)
	a, err := rt.Create(context.Background(), Caller{Namespace: "k8s.io", ID: id, Bundle: dir}, new(isolator.Request))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := a.Undo(); err != nil {
			t.Error(err)
		}
	})
	return a.Request, nil
}

func TestPodBelongsToItsNamespacesTenantAndStaysInItsCgroup(t *testing.T) {
	rt := installed(t, pods)
	r, err := createPod(t, rt, "s1", ofPod("sandbox", "s1", "s1", "acme-prod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "/kubepods/burstable/pod" + podUID + "/s1"; r.Spec.Linux.CgroupsPath != want {
		t.Errorf("cgroup %s, want the kubelet's %s", r.Spec.Linux.CgroupsPath, want)
	}
	if _, err := createPod(t, rt, "c1", ofPod("container", "c1", "s1", "acme-prod")); err != nil {
		t.Errorf("a container of the sandbox: %v", err)
	}
	saved, err := record.Load(rt.root, record.Scope("k8s.io"), "c1")
	if err != nil || saved.Tenant != "acme" || saved.Sandbox != "s1" || saved.TenantCgroup != "" {
		t.Errorf("recorded %+v, %v", saved, err)
	}
}

func TestPodContainerIsRefusedWithoutItsOwnSandbox(t *testing.T) {
	rt := installed(t, pods)
	if _, err := createPod(t, rt, "s1", ofPod("sandbox", "s1", "s1", "acme-prod")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*specs.Spec)
		want   string
	}{
		"an unknown sandbox":       {ofPod("container", "c1", "s2", "acme-prod"), "its sandbox was not started by Bulkhead"},
		"another tenant's sandbox": {ofPod("container", "c1", "s1", "umbrella"), "name different tenants"},
		"a namespace of nobody":    {ofPod("sandbox", "c1", "s3", "stranger"), "no tenant selects Kubernetes namespace stranger"},
		"a cgroup of another pod": {func(s *specs.Spec) {
			ofPod("sandbox", "s4", "s4", "acme-prod")(s)
			s.Linux.CgroupsPath = "/kubepods/podx/c"
		}, "refused by cgrouppath"},
		"a sandbox that is a path":  {ofPod("container", "c1", "../s1", "acme-prod"), "is not a name"},
		"a namespace that's a path": {ofPod("sandbox", "c1", "s5", "../tenants/acme.json"), "no tenant selects"},
	} {
		if _, err := createPod(t, rt, "c1", test.change); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestExemptPodRunsAsAsked(t *testing.T) {
	rt := installed(t, pods)
	for id, kind := range map[string]string{"s1": "sandbox", "c1": "container"} {
		asked := func(s *specs.Spec) {
			ofPod(kind, id, "s1", "kube-system")(s)
			privileged(s)
		}
		r, err := createPod(t, rt, id, asked)
		if err != nil || len(r.Spec.Process.Capabilities.Bounding) != 15 {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestShimIsSharedOnlyWithinASandboxOfOneTenant(t *testing.T) {
	rt := installed(t, pods)
	group := func(namespace, id string, change func(*specs.Spec)) string {
		dir, _ := bundle(t, change)
		config, err := spec.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		return rt.Group(Caller{Namespace: namespace, ID: id}, config)
	}
	sandbox := group("k8s.io", "s1", ofPod("sandbox", "s1", "s1", "acme-prod"))
	if got := group("k8s.io", "c1", ofPod("container", "c1", "s1", "acme-prod")); got != sandbox {
		t.Errorf("a container of the sandbox is in %s, want %s", got, sandbox)
	}
	if got := group("k8s.io", "c2", ofPod("container", "c2", "s1", "umbrella")); got == sandbox {
		t.Error("another tenant is in the sandbox's shim")
	}
	forged := func(s *specs.Spec) {
		ofPod("container", "c3", "s1", "acme-prod")(s)
		s.Annotations["io.containerd.runc.v2.group"] = "s1"
	}
	if got := group("umbrella", "c3", forged); got != "c3" {
		t.Errorf("annotations from outside CRI lead into %s, want a shim of its own", got)
	}
	if got := rt.Group(Caller{Namespace: "umbrella", ID: "c4"}, json.RawMessage(`{"annotations": 7`)); got != "c4" {
		t.Errorf("a spec that nobody can read leads into %s", got)
	}
}

// A pod's sandbox has no defaults at its creation; an apply must not give it
// some, which its pod's cgroup would refuse.
func TestApplyLeavesASandboxAsItWasCreated(t *testing.T) {
	rt := installed(t, pods)
	pause := func(s *specs.Spec) {
		ofPod("sandbox", "s1", "s1", "acme-prod")(s)
		s.Linux.Resources.Memory, s.Linux.Resources.Pids, s.Linux.Resources.CPU = nil, nil, nil
	}
	if _, err := createPod(t, rt, "s1", pause); err != nil {
		t.Fatal(err)
	}
	saved, err := record.Load(rt.root, record.Scope("k8s.io"), "s1")
	if err != nil {
		t.Fatal(err)
	}
	full, err := rt.resourcesInForce(saved)
	if err != nil || full.Memory != nil || full.Pids != nil || !reflect.DeepEqual(full, saved.Resources) {
		t.Errorf("an apply would set %+v (%v), and it was created with %+v", full, err, saved.Resources)
	}
}
