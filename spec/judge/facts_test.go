package judge

import (
	"fmt"
	"path"
	"strings"
	"testing"

	kernelcap "github.com/containerd/containerd/v2/pkg/cap"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// smallest is the smallest tenant of a level: no exceptions, no defaults of
// its own.
func smallest(t *testing.T, level api.Level) (*tenant.Policy, *tenant.Node) {
	t.Helper()
	objects, err := compile.Read("tenant.yaml", fmt.Appendf(nil, `
apiVersion: bulkhead.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  selectors: {kubernetesNamespaces: [acme]}
  limits: {cpu: "4", memory: 8Gi}
  security: {level: %s}
`, level))
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile.Compile(objects)
	if err != nil {
		t.Fatal(err)
	}
	return c.Tenants["acme"], c.Node
}

// facts are what a shim finds out of a pod's container on a node where
// everything of the kubelet's and containerd's is in its place.
func (n *node) facts(pod *corev1.Pod, id string, s *specs.Spec) isolator.Facts {
	f := isolator.Facts{
		Engine:      isolator.CRI,
		Namespace:   tenant.Kubernetes,
		ContainerID: id,
		Sandbox:     sandboxID,
		IsSandbox:   id == sandboxID,
		PodUID:      podUID,
		Pod:         namespace + "/" + podName,
		Bundle:      "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id,
		Node: isolator.NodeFacts{
			Cgroup:       n.cgroup,
			Controllers:  []string{"blkio", "cpu", "cpuset", "devices", "freezer", "hugetlb", "memory", "pids"},
			SwapLimit:    true,
			Capabilities: kernelcap.Known(),
			Architecture: "amd64",
			CPUs:         4,
			OOMScoreAdj:  -998,
			AppArmor:     n.appArmor,
		},
		Delegate: isolator.Delegate{
			Path: "/usr/bin/runc", StateRoot: "/run/containerd/runc", OCIVersionMax: "1.3.0", RecursiveReadOnly: true, RuncVersion: "1.5.2",
		},
		Namespaces: map[string]isolator.NSRef{
			podNetwork: {Type: specs.NetworkNamespace, Mounted: true},
			podUsers:   {Type: specs.UserNamespace, Mounted: true},
		},
		Files:      map[string]isolator.File{},
		ForeignIDs: isolator.IDs{UIDs: []isolator.IDRange{{First: 65536, Size: 65536, Tenant: "globex"}}, GIDs: []isolator.IDRange{{First: 65536, Size: 65536, Tenant: "globex"}}},
	}
	if inUserNamespace(pod) {
		f.UserLimits = map[string]int64{
			"user.max_inotify_instances": 128, "user.max_inotify_watches": 124983, "user.max_fanotify_groups": 128, "user.max_fanotify_marks": 131072,
		}
	}
	owner := &isolator.Owner{Tenant: "acme", Container: sandboxID, Sandbox: sandboxID}
	for file, ns := range map[string]struct {
		t    specs.LinuxNamespaceType
		host bool
	}{
		"net": {specs.NetworkNamespace, pod.Spec.HostNetwork}, "uts": {specs.UTSNamespace, pod.Spec.HostNetwork},
		"ipc": {specs.IPCNamespace, pod.Spec.HostIPC}, "pid": {specs.PIDNamespace, pod.Spec.HostPID}, "user": {specs.UserNamespace, false},
	} {
		f.Namespaces[sandboxNamespace(file)] = isolator.NSRef{Type: ns.t, Host: ns.host, Owner: owner}
	}
	for i, m := range s.Mounts {
		if ofPod(m.Source) {
			f.Files[m.Source] = isolator.File{Kind: kind(m.Source), Real: m.Source, Device: 2049, Inode: uint64(1000 + i), Guarded: true}
		}
	}
	return f
}

// ofPod reports what the kubelet or containerd keeps for this pod.
func ofPod(source string) bool {
	for _, folder := range []string{kubelet, criRoot, criState} {
		if strings.HasPrefix(source, folder+"/") {
			return true
		}
	}
	return false
}

func kind(source string) isolator.FileKind {
	switch path.Base(source) {
	case "etc-hosts", "hostname", "resolv.conf", "6d1f29a7":
		return isolator.Regular
	}
	return isolator.Folder
}
