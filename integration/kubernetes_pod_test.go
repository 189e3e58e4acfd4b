package integration

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// podOf is a pod of one container that sleeps, changed by change.
func podOf(namespace, name, class string, change ...func(*corev1.PodSpec)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			NodeName:                      cluster.NodeName,
			RuntimeClassName:              &class,
			TerminationGracePeriodSeconds: new(int64(1)),
			Containers:                    []corev1.Container{containerOf("main", "sleep 3600")},
		},
	}
	for _, c := range change {
		c(&p.Spec)
	}
	return p
}

// containerOf is a container that runs a line of shell.
func containerOf(name, script string) corev1.Container {
	return corev1.Container{Name: name, Image: node.ImageName, ImagePullPolicy: corev1.PullNever, Command: []string{"sh", "-c", script}}
}

func (k *kube) create(p *corev1.Pod) {
	k.Helper()
	_, err := k.API.CoreV1().Pods(p.Namespace).Create(k.ctx, p, metav1.CreateOptions{})
	k.must(err)
}

// until waits until a condition holds of the pod, and returns it.
func (k *kube) until(p *corev1.Pod, what string, holds func(*corev1.Pod) bool) *corev1.Pod {
	k.Helper()
	var last *corev1.Pod
	err := k.watch("pods", p.Namespace, "metadata.name", p.Name, new(corev1.Pod), func(o runtime.Object) bool {
		last = o.(*corev1.Pod)
		return holds(last)
	})
	if err != nil {
		status := "it does not exist"
		if last != nil {
			status = fmt.Sprintf("%+v", last.Status)
		}
		k.Fatalf("pod %s is not %s: %v; %s; its events:\n  %s", p.Name, what, err, status, strings.Join(k.events(p), "\n  "))
	}
	return last
}

// watch waits until a condition holds of an object.
func (k *kube) watch(resource, namespace, field, value string, kind runtime.Object, holds func(runtime.Object) bool) error {
	from := cache.NewListWatchFromClient(k.API.CoreV1().RESTClient(), resource, namespace, fields.OneTermEqualSelector(field, value))
	_, err := watchtools.UntilWithSync(k.ctx, from, kind, nil, func(e watch.Event) (bool, error) {
		return e.Type != watch.Deleted && holds(e.Object), nil
	})
	return err
}

// running waits until all containers of a pod are ready.
func (k *kube) running(p *corev1.Pod) *corev1.Pod {
	k.Helper()
	return k.until(p, "running", func(p *corev1.Pod) bool {
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return true
			}
		}
		return false
	})
}

// told waits for an event of the pod with this sentence.
func (k *kube) told(p *corev1.Pod, sentence string) {
	k.Helper()
	err := k.watch("events", p.Namespace, "involvedObject.name", p.Name, new(corev1.Event), func(o runtime.Object) bool {
		return strings.Contains(o.(*corev1.Event).Message, sentence)
	})
	if err != nil {
		k.Errorf("no event of pod %s says\n  %s\nbut\n  %s", p.Name, sentence, strings.Join(k.events(p), "\n  "))
	}
}

// events are what is said of a pod, each with its reason.
func (k *kube) events(p *corev1.Pod) []string {
	list, err := k.API.CoreV1().Events(p.Namespace).List(context.WithoutCancel(k.ctx), metav1.ListOptions{FieldSelector: "involvedObject.name=" + p.Name})
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, e := range list.Items {
		all = append(all, e.Reason+": "+e.Message)
	}
	return all
}

// logs are what a container wrote, as `kubectl logs` shows it.
func (k *kube) logs(p *corev1.Pod, container string) string {
	k.Helper()
	text, err := k.API.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: container}).DoRaw(k.ctx)
	k.must(err)
	return string(text)
}

// run executes a line of shell in a container, which must succeed.
func (k *kube) run(p *corev1.Pod, container, script string) string {
	k.Helper()
	out, err := k.Exec(k.ctx, p.Namespace, p.Name, container, "sh", "-c", script)
	k.must(err)
	return strings.TrimSpace(out)
}
