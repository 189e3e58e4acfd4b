package integration

import (
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// labelled is a Kubernetes namespace with the label that deploy/kubernetes looks
// for.
const labelled = "guarded"

// deployment is what `kubectl apply -k deploy/kubernetes` would send.
func (k *kube) deployment() []*unstructured.Unstructured {
	k.Helper()
	repo, err := node.Repository()
	k.must(err)
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(repo, "deploy/kubernetes"))
	k.must(err)
	var all []*unstructured.Unstructured
	for _, r := range built.Resources() {
		fields, err := r.Map()
		k.must(err)
		all = append(all, &unstructured.Unstructured{Object: fields})
	}
	return all
}

// deploy applies deploy/kubernetes, which the API server judges: a field that it
// does not know is an error.
func (k *kube) deploy() {
	k.Helper()
	groups, err := restmapper.GetAPIGroupResources(k.API.Discovery())
	k.must(err)
	mapper, client := restmapper.NewDiscoveryRESTMapper(groups), dynamic.NewForConfigOrDie(k.Config)
	for _, o := range k.deployment() {
		mapping, err := mapper.RESTMapping(o.GroupVersionKind().GroupKind(), o.GroupVersionKind().Version)
		k.must(err)
		var to dynamic.ResourceInterface = client.Resource(mapping.Resource)
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			to = client.Resource(mapping.Resource).Namespace(o.GetNamespace())
		}
		_, err = to.Create(k.ctx, o, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
		k.must(err)
	}
}

// asked returns what the API server makes of a pod, without keeping it.
func (k *kube) asked(namespace, class string) (*corev1.Pod, error) {
	p := podOf(namespace, "asked", class)
	if class == "" {
		p.Spec.RuntimeClassName = nil
	}
	return k.API.CoreV1().Pods(namespace).Create(k.ctx, p, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
}

// admission expects that a labelled namespace's pods run with Bulkhead and
// nothing else, and that others are left alone.
func admission(k *kube) {
	const forbidden = `spec.runtimeClassName is runc, want bulkhead; namespace guarded is labelled bulkhead.dev/runtime-class`
	k.await("the policies are in force", func() bool { // the server learns of them after they are stored
		_, refused := k.asked(labelled, cluster.Stock)
		set, err := k.asked(labelled, "")
		return refused != nil && strings.Contains(refused.Error(), forbidden) && err == nil && set.Spec.RuntimeClassName != nil
	})
	for _, class := range []string{"", cluster.ByType} {
		p, err := k.asked(labelled, class)
		k.must(err)
		if got := p.Spec.RuntimeClassName; got == nil || *got != cluster.ByType {
			k.Errorf("a pod that asks for class %q has %v", class, got)
		}
		if got, want := p.Spec.Overhead.Memory(), resource.MustParse("16Mi"); !got.Equal(want) {
			k.Errorf("a pod that asks for class %q has an overhead of %s, want %s", class, got, &want)
		}
	}
	if _, err := k.asked(labelled, cluster.ByPath); err == nil {
		k.Error("another class of Bulkhead's was accepted")
	}
	// Elsewhere nothing is forbidden, or set.
	_, err := k.asked(acmePods, cluster.Stock)
	k.must(err)
	p, err := k.asked(acmePods, "")
	k.must(err)
	if p.Spec.RuntimeClassName != nil {
		k.Errorf("in a namespace without the label a pod has class %s", *p.Spec.RuntimeClassName)
	}
}
