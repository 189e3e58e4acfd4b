package integration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// The Kubernetes namespaces of the tests: two tenants, one that no tenant
// selects, and one that is exempt.
const (
	acmePods   = "acme"
	globexPods = "globex"
	nobodys    = "nobody"
	exempt     = "kube-system"
)

// A kube is a test on a cluster. It fails the test instead of returning errors.
type kube struct {
	*testing.T
	*cluster.Cluster
	ctx context.Context
}

// A scene is some pods, and what is expected of them. All scenes' pods are made
// before the first is looked at, since a kubelet takes seconds for each and
// starts them side by side.
type scene struct {
	name  string
	pods  []*corev1.Pod
	check func(*kube)
}

// TestKubernetes runs a kubelet on containerd 2.x: a real node, with pods made
// through its API server. Containerd 1.6.20's CRI plugin does not heed
// runtime_path, and kubelets after 1.36 do not serve it.
func TestKubernetes(t *testing.T) {
	onlyIfItMatters(t)
	for _, n := range nodes {
		if !n.Engine.Modern() {
			continue
		}
		t.Run(n.Engine.Name, func(t *testing.T) {
			k := startCluster(t, n.Engine)
			walled := walledPods()
			scenes := append(k.scenes(), walled.scenes()...)
			for _, s := range scenes {
				for _, p := range s.pods {
					k.create(p)
				}
			}
			for _, s := range scenes {
				k.scene(s.name, s.check)
			}
			k.scene("admission policies", admission)
			k.scene("the installer", installs)
			k.scene("containerd and the kubelet are restarted", restarts)
			k.scene("walls outlive restarts, and go with their pod", walled.stand)
			k.scene("nothing is left", nothingIsLeft)
		})
	}
}

func (k *kube) scenes() []scene {
	return append(append(append(k.podScenes(), k.volumeScenes()...), k.refusalScenes()...), k.resourceScenes()...)
}

// scene runs one part of the test, which others do not depend on.
func (k *kube) scene(name string, check func(*kube)) {
	k.Run(name, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		check(&kube{t, k.Cluster, ctx})
	})
}

// startCluster starts a cluster that ends with the test, with the policy,
// namespaces and runtime classes of all scenes.
func startCluster(t *testing.T, e node.Engine) *kube {
	ctx, cancel := context.WithTimeout(context.Background(), node.Patience(10*time.Minute))
	t.Cleanup(cancel)
	c, err := cluster.Start(ctx, e, podPolicy)
	if err != nil {
		t.Fatal(err)
	}
	k := &kube{t, c, ctx}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the kubelet's log ends:\n%s\ncontainerd's:\n%s", k.KubeletLog(20), k.LogTail(20))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, dir := range []string{k.shared(), k.disk()} {
		k.must(os.Mkdir(dir, 0o755))
		k.must(os.WriteFile(filepath.Join(dir, "note"), []byte("of the node"), 0o644))
	}
	k.deploy() // with the class of the first handler
	for _, name := range []string{cluster.ByPath, cluster.Stock} {
		class := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Handler: name}
		_, err := k.API.NodeV1().RuntimeClasses().Create(ctx, class, metav1.CreateOptions{})
		k.must(err)
	}
	for _, name := range []string{acmePods, globexPods, nobodys, exempt, labelled, "bulkhead-system"} {
		k.makeNamespace(name)
	}
	return k
}

// shared is a folder of the node that one of the tenants may have.
func (k *kube) shared() string { return sharedOf(k.Node.Node) }

func sharedOf(n *node.Node) string { return filepath.Join(n.Dir(), "shared") }

// podPolicy is that of all scenes.
func podPolicy(n *node.Node) node.Policy {
	return node.Policy{
		Pods: true,
		Tenants: map[string]string{
			acmePods:   "limits: {cpu: \"2\", memory: 1Gi, bandwidth: {egressBitsPerSecond: 700M, ingressBitsPerSecond: 800M}}\ncontainer: {default: {memory: 64Mi}, max: {cpu: \"1\", memory: 256Mi}}",
			globexPods: fmt.Sprintf("limits: {memory: 512Mi}\nsecurity: {exceptions: {hostPaths: [{path: %q, readOnly: true}]}}", sharedOf(n)),
		},
		Node: fmt.Sprintf("exemptions: {kubernetesNamespaces: [%s]}\nnetwork: {dns: [%s]}\n%s", exempt, cluster.ResolverAddress, pods.EngineRoots(n)),
	}
}

// makeNamespace makes a namespace with what a controller manager would put there.
func (k *kube) makeNamespace(name string) {
	k.Helper()
	core, options := k.API.CoreV1(), metav1.CreateOptions{}
	if _, err := core.Namespaces().Get(k.ctx, name, metav1.GetOptions{}); err != nil { // the API server makes kube-system
		made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if name == labelled {
			made.Labels = map[string]string{"bulkhead.dev/runtime-class": cluster.ByType}
		}
		_, err := core.Namespaces().Create(k.ctx, made, options)
		k.must(err)
	}
	_, err := core.ServiceAccounts(name).Create(k.ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, options)
	k.must(err)
	ca := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt"}, Data: map[string]string{"ca.crt": string(k.Config.CAData)}}
	_, err = core.ConfigMaps(name).Create(k.ctx, ca, options)
	k.must(err)
}

func (k *kube) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}
