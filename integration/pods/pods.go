// Package pods runs a private containerd that serves the CRI, in a mount and a
// network namespace of its own, and asks it for pods as a kubelet does. It is a
// node.Node with a bridge for pods, and goes as one does.
package pods

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Node is one containerd with the handlers of this package.
type Node struct {
	*node.Node
	Runtime cri.RuntimeServiceClient
	Images  cri.ImageServiceClient

	slices     bool // pods' cgroups are systemd's
	world      *world
	connection *grpc.ClientConn
	idle       []string // traces of a node without a pod
	serial     atomic.Int64
	counts     counts
}

// Start starts a node on an engine, with a policy; nil: with nothing of
// Bulkhead's. Close ends it.
func Start(ctx context.Context, e node.Engine, policy func(*node.Node) node.Policy) (*Node, error) {
	return start(ctx, e, policy, false)
}

// StartWithSlices starts one whose pods have slices of systemd, as a kubelet asks
// for them by its driver of cgroups "systemd".
func StartWithSlices(ctx context.Context, e node.Engine, policy func(*node.Node) node.Policy) (*Node, error) {
	return start(ctx, e, policy, true)
}

func start(ctx context.Context, e node.Engine, policy func(*node.Node) node.Policy, slices bool) (*Node, error) {
	n := &Node{slices: slices}
	var err error
	if n.world, err = newWorld(); err != nil {
		return nil, err
	}
	if n.Node, err = node.StartKind(ctx, e, node.Kind{Around: n.Do, CRI: func(of *node.Node) string { return criConfig(of, slices) }, Policy: policy, Bare: policy == nil}); err != nil {
		return nil, errors.Join(err, n.world.close())
	}
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.Remove())
	}
	return n, nil
}

func (n *Node) start(ctx context.Context) error {
	// Root of a pod with users of its own must get to its root file system.
	err := errors.Join(os.Chmod(n.Dir(), 0o711), n.makeCgroup(), n.writeCNI(), n.writePinned())
	if err != nil {
		return err
	}
	if n.connection, err = grpc.NewClient("unix://"+n.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		return err
	}
	n.Runtime, n.Images = cri.NewRuntimeServiceClient(n.connection), cri.NewImageServiceClient(n.connection)
	if _, err := n.Image(ctx, tenant.Kubernetes); err != nil {
		return err
	}
	if err := n.Ready(ctx); err != nil {
		return err
	}
	return n.Settle()
}

// Ready waits until containerd serves pods: again, after it was restarted.
func (n *Node) Ready(ctx context.Context) error {
	var last error
	err := node.Await(ctx, func() bool {
		last = n.ready(ctx)
		return last == nil
	})
	if err != nil {
		return fmt.Errorf("the CRI plugin is not ready: %w; containerd's log ends:\n%s", last, n.LogTail(20))
	}
	return nil
}

// ready wants a network, and that the plugin has learned of the images.
func (n *Node) ready(ctx context.Context) error {
	status, err := n.Runtime.Status(ctx, &cri.StatusRequest{})
	if err != nil {
		return err
	}
	for _, c := range status.Status.Conditions {
		if !c.Status && (c.Type == cri.RuntimeReady || c.Type == cri.NetworkReady) {
			return fmt.Errorf("%s: %s", c.Type, c.Message)
		}
	}
	for _, name := range []string{node.ImageName, node.PauseName} {
		i, err := n.Images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
		if err != nil {
			return err
		}
		if i.Image == nil {
			return fmt.Errorf("it has no image %s", name)
		}
	}
	return nil
}

// makeCgroup makes the cgroup below which a kubelet would have its own. Systemd
// makes slices when they are needed.
func (n *Node) makeCgroup() error {
	if n.slices {
		return nil
	}
	m, err := manager.New(&cgroups.Cgroup{Path: "/" + n.Cgroup(), Resources: &cgroups.Resources{SkipDevices: true}})
	if err != nil {
		return err
	}
	return m.Apply(-1)
}

// Cgroup is the name of the cgroup of all pods. The keeper knows it by its
// beginning.
func (n *Node) Cgroup() string {
	if n.slices {
		return n.Slice("kube")
	}
	return n.Namespace("kube")
}

// podCgroup is where a kubelet would have a pod's cgroup.
func (n *Node) podCgroup(uid string) string {
	if n.slices {
		return fmt.Sprintf("/%s/%s-pod%s.slice", n.Cgroup(), strings.TrimSuffix(n.Cgroup(), ".slice"), strings.ReplaceAll(uid, "-", "_"))
	}
	return fmt.Sprintf("/%s/pod%s", n.Cgroup(), uid)
}

// stopSlice has systemd remove a slice, and all that is below it.
func stopSlice(cgroup string) error {
	out, err := exec.Command("systemctl", "stop", filepath.Base(cgroup)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("stop %s: %w: %s", filepath.Base(cgroup), err, out)
	}
	return nil
}

// writePinned writes the options of the handler Pinned.
func (n *Node) writePinned() error {
	file := pinnedFile(n.Node)
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("tenant = \"globex\"\n"), 0o644))
}

// Do calls a function in the node's world. Processes that it starts are in the
// world, files and sockets that it opens are the world's.
func (n *Node) Do(f func() error) error { return n.world.do(f) }

// Dial connects to an address of the world.
func (n *Node) Dial(ctx context.Context, network, address string) (connection net.Conn, err error) {
	err = n.Do(func() error {
		connection, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return connection, err
}

// Close ends the node and takes all of it away. Its error says what pods had
// left on the machine by then, and what could not be removed.
func (n *Node) Close() error {
	var errs []error
	left, err := n.Left()
	for _, t := range left {
		errs = append(errs, errors.New("left on the machine: "+t))
	}
	return errors.Join(append(errs, err, n.Remove())...)
}

// Remove ends the node and takes all of it away, running pods included.
func (n *Node) Remove() error {
	var err error
	if n.connection != nil {
		err = n.connection.Close()
	}
	if n.slices {
		err = errors.Join(err, stopSlice(n.Cgroup()))
	}
	return errors.Join(err, n.Node.Remove(), n.world.close(), os.RemoveAll(n.Dir()))
}
