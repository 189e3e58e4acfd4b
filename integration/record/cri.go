package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// criConfig is containerd's, with what it has no default for here.
var criConfig = `version = 3
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.devmapper"]
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '` + reference(pauseImage) + `'
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/usr/lib/cni']
conf_dir = '` + scratch + `/cni'
`

// network is a bridge, as most CNI plugins make one.
const network = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]], "dataDir": "` + scratch + `/ipam"}},
 {"type": "loopback"}]}
`

func recordPods(ctx context.Context, r *recorder) error {
	if err := r.startModern(ctx, criConfig); err != nil {
		return err
	}
	dir := filepath.Join(scratch, "cni")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "pods.conflist"), []byte(network), 0o644)); err != nil {
		return err
	}
	if err := r.importImages(ctx, tenant.Kubernetes); err != nil {
		return err
	}
	conn, err := grpc.NewClient("unix://"+containerdSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	k := &kubelet{recorder: r, runtime: cri.NewRuntimeServiceClient(conn), images: cri.NewImageServiceClient(conn)}
	if err := node.Await(ctx, func() bool { return k.ready(ctx) }); err != nil {
		return fmt.Errorf("the CRI plugin is not ready: %w", err)
	}
	var errs []error
	for _, p := range pods {
		if err := k.run(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(errs...)
}

// startModern starts the containerd that the tests are made with.
func (r *recorder) startModern(ctx context.Context, config string) error {
	program, err := filepath.EvalSymlinks("bin/engines/built/containerd")
	if err != nil {
		return err
	}
	return r.startContainerd(ctx, program, config)
}

// kubelet asks for pods as a kubelet does.
type kubelet struct {
	*recorder
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

// ready reports a network, and that the plugin has learned of the images.
func (k *kubelet) ready(ctx context.Context) bool {
	status, err := k.runtime.Status(ctx, &cri.StatusRequest{})
	if err != nil {
		return false
	}
	for _, c := range status.Status.Conditions {
		if !c.Status && (c.Type == cri.RuntimeReady || c.Type == cri.NetworkReady) {
			return false
		}
	}
	for name := range images {
		i, err := k.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: reference(name)}})
		if err != nil || i.Image == nil {
			return false
		}
	}
	return true
}

// run starts a pod's sandbox and its containers in their order, and records each.
func (k *kubelet) run(ctx context.Context, p pod) error {
	sandbox, err := p.sandbox()
	if err != nil {
		return err
	}
	made, err := k.runtime.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: sandbox})
	if err != nil {
		return err
	}
	id := made.PodSandboxId
	if err := k.record(ctx, p.name+".sandbox", p.about, tenant.Kubernetes, id); err != nil {
		return err
	}
	for _, c := range p.containers {
		if err := k.start(ctx, p, c, id, sandbox); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (k *kubelet) start(ctx context.Context, p pod, c container, sandbox string, config *cri.PodSandboxConfig) error {
	asked, err := p.container(c)
	if err != nil {
		return err
	}
	made, err := k.runtime.CreateContainer(ctx, &cri.CreateContainerRequest{PodSandboxId: sandbox, Config: asked, SandboxConfig: config})
	if err != nil {
		return err
	}
	if _, err := k.runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: made.ContainerId}); err != nil {
		return err
	}
	return k.record(ctx, p.name+"."+c.name, p.about, tenant.Kubernetes, made.ContainerId)
}
