// Package cluster runs a private Kubernetes: etcd, an API server, a kubelet and
// a containerd with Bulkhead, in a mount and a network namespace of their own.
// It is a pods.Node with a control plane, and goes as one does: whatever becomes
// of the process that started it, the node's keeper ends every process of it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// Handlers as a RuntimeClass names them.
const (
	ByType = pods.ByType
	ByPath = pods.ByPath
	Stock  = pods.Stock
)

// NodeName is the name of the cluster's only node.
const NodeName = "node1"

// startTimeout bounds how long the servers and the kubelet may take together.
const startTimeout = 2 * time.Minute

// Cluster is one API server with one node.
type Cluster struct {
	*pods.Node
	API    *kubernetes.Clientset
	Config *rest.Config // for clients of other kinds

	token    string
	programs string // where make put the servers and the kubelet
	kubelet  *daemon
	proxy    *daemon // kube-proxy, where a test has started it
	daemons  []*daemon
}

// Start starts a cluster on an engine, with a policy; nil: with nothing of
// Bulkhead's. Close ends it.
func Start(ctx context.Context, e node.Engine, policy func(*node.Node) node.Policy) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, node.Patience(startTimeout))
	defer cancel()
	c := new(Cluster)
	var err error
	if c.programs, err = programs(); err != nil {
		return nil, err
	}
	if c.Node, err = pods.Start(ctx, e, policy); err != nil {
		return nil, err
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
	err := errors.Join(c.writeKeys(), c.writeKubelet())
	if err == nil {
		err = c.startServers(ctx)
	}
	if err == nil {
		err = c.connectClient(ctx)
	}
	if err != nil {
		return err
	}
	if err := c.StartKubelet(ctx); err != nil {
		return err
	}
	return c.Settle()
}

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
	return err
}
