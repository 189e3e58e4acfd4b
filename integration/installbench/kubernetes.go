package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

const namespace = "acme"

type onKubernetes struct {
	*cluster.Cluster
	version string // of the API server
	pods    *int   // that were made
}

func startKubernetes(ctx context.Context) (engine, error) {
	e, err := node.Built()
	if err != nil {
		return nil, err
	}
	progress("starting a private Kubernetes")
	c, err := cluster.Start(ctx, e, nil)
	if err != nil {
		return nil, err
	}
	version, err := c.API.Discovery().ServerVersion()
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	k := onKubernetes{c, version.GitVersion, new(int)}
	core := c.API.CoreV1()
	_, err = core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err == nil {
		_, err = core.ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return k, nil
}

func (k onKubernetes) name() string     { return "kubernetes " + k.version + " on " + k.Engine.Name }
func (k onKubernetes) node() *node.Node { return k.Node.Node }
func (k onKubernetes) words() []string  { return []string{"containerd", "--cri", "--default"} }
func (k onKubernetes) places() []string { return containerdPlaces(k.Node.Node) }
func (k onKubernetes) shows() string {
	return "kubectl run --overrides '{hostPID: true}' … (until its event is there)"
}

// close waits for the kubelet, which takes a pod away after it is gone.
func (k onKubernetes) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), node.Patience(30*time.Second))
	defer cancel()
	_ = node.Await(ctx, func() bool { // Close says what stays
		left, err := k.Left()
		return err == nil && len(left) == 0
	})
	return k.Close()
}

func (k onKubernetes) policy() node.Policy {
	p := smallest
	p.Pods = true
	p.Node = fmt.Sprintf("engineRoots: [%s, %s, /var/lib/kubelet]", filepath.Join(k.Dir(), "lib"), filepath.Join(k.Dir(), "state"))
	return p
}

func (k onKubernetes) restart(ctx context.Context) error {
	if err := k.Kill(); err != nil {
		return err
	}
	return k.Restart(ctx)
}

func (k onKubernetes) try(ctx context.Context) (sentence string, err error) {
	*k.pods++
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p" + strconv.Itoa(*k.pods), Namespace: namespace}}
	p.Spec = corev1.PodSpec{
		NodeName: cluster.NodeName, HostPID: true, AutomountServiceAccountToken: new(bool), RestartPolicy: corev1.RestartPolicyNever, TerminationGracePeriodSeconds: new(int64),
		Containers: []corev1.Container{{Name: "c", Image: node.ImageName, ImagePullPolicy: corev1.PullNever, Command: []string{"true"}}},
	}
	pods := k.API.CoreV1().Pods(namespace)
	if _, err := pods.Create(ctx, p, metav1.CreateOptions{}); err != nil {
		return "", err
	}
	var last error
	ended := func() bool {
		sentence, last = k.ended(ctx, p.Name)
		return sentence != "" || last == nil
	}
	if err := node.Await(ctx, ended); err != nil {
		return "", fmt.Errorf("%w: %w", err, last)
	}
	if err := pods.Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		return "", err
	}
	return sentence, node.Await(ctx, func() bool {
		_, err := pods.Get(ctx, p.Name, metav1.GetOptions{})
		return err != nil
	})
}

// ended returns the refusal of a pod that has one, an error while it has neither
// that nor an end.
func (k onKubernetes) ended(ctx context.Context, pod string) (string, error) {
	events, err := k.API.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
	if err != nil {
		return "", err
	}
	for _, e := range events.Items {
		if sentence := refusal(e.Message); sentence != "" {
			return sentence, nil
		}
	}
	p, err := k.API.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{})
	if err == nil && p.Status.Phase != corev1.PodSucceeded {
		err = fmt.Errorf("pod %s is %s", pod, p.Status.Phase)
	}
	return "", err
}
