// Package cluster runs a private Kubernetes: etcd, an API server, a kubelet and
// a containerd with Bulkhead, in a mount and a network namespace of their own.
// It is a node.Node with a control plane, and goes as one does: whatever becomes
// of the process that started it, the node's keeper ends every process of it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// NodeName is the name of the cluster's only node.
const NodeName = "node1"

// startTimeout bounds how long the servers and the kubelet may take together.
const startTimeout = 2 * time.Minute

// Cluster is one API server with one node.
type Cluster struct {
	*node.Node
	API    *kubernetes.Clientset
	Config *rest.Config // for clients of other kinds

	world    *world
	token    string
	programs string // where make put etcd, kube-apiserver and kubelet
	kubelet  *daemon
	daemons  []*daemon
	idle     []string // traces of a node without a pod
}

// Start starts a cluster on an engine, with a policy. Close ends it.
func Start(ctx context.Context, e node.Engine, policy func(*node.Node) node.Policy) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, node.Patience(startTimeout))
	defer cancel()
	c := new(Cluster)
	var err error
	if c.programs, err = programs(); err != nil {
		return nil, err
	}
	if c.world, err = newWorld(); err != nil {
		return nil, err
	}
	if c.Node, err = node.StartKind(ctx, e, node.Kind{Around: c.world.do, CRI: criConfig, Policy: policy}); err != nil {
		return nil, errors.Join(err, c.world.close())
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// programs is the folder with the servers.
func programs() (string, error) {
	repo, err := node.Repository()
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(repo, "bin/engines/kubernetes"))
	if err != nil {
		return "", fmt.Errorf("kubernetes is not built; run: make kubernetes (%w)", err)
	}
	return dir, nil
}

func (c *Cluster) start(ctx context.Context) error {
	// Root of a pod with users of its own must get to its root file system.
	err := errors.Join(os.Chmod(c.Dir(), 0o711), c.makeCgroup(), c.writeCNI(), c.writeKeys(), c.writeKubelet())
	if err == nil {
		err = c.startServers(ctx)
	}
	if err == nil {
		err = c.connectClient(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := c.Image(ctx, tenant.Kubernetes); err != nil {
		return err
	}
	if err := c.StartKubelet(ctx); err != nil {
		return err
	}
	c.idle, err = c.all()
	return err
}

// makeCgroup makes the cgroup below which the kubelet has its own.
func (c *Cluster) makeCgroup() error {
	m, err := manager.New(&cgroups.Cgroup{Path: "/" + c.cgroup(), Resources: &cgroups.Resources{SkipDevices: true}})
	if err != nil {
		return err
	}
	return m.Apply(-1)
}

// cgroup is named so that the keeper knows it.
func (c *Cluster) cgroup() string { return c.Namespace("kube") }

func (c *Cluster) path(name string) string { return filepath.Join(c.Dir(), name) }

// Ready reports that the kubelet has said so of its node within a while.
func (c *Cluster) ready(ctx context.Context, since time.Time) bool {
	n, err := c.API.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{})
	if err != nil {
		return false
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue && !condition.LastHeartbeatTime.Time.Before(since.Truncate(time.Second))
		}
	}
	return false
}

// Close ends the cluster and takes all of it away. Its error says what pods had
// left on the machine by then, and what could not be removed.
func (c *Cluster) Close() error {
	var errs []error
	left, err := c.Left()
	for _, t := range left {
		errs = append(errs, errors.New("left on the machine: "+t))
	}
	return errors.Join(append(errs, err, c.Remove())...)
}

// Remove ends the cluster and takes all of it away, running pods included.
func (c *Cluster) Remove() error {
	err := c.Node.Remove()
	for _, d := range c.daemons {
		<-d.ended
	}
	return errors.Join(err, c.world.close(), os.RemoveAll(c.Dir()))
}
