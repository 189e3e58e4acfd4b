package integration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/apimachinery/pkg/util/uuid"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// plainCRI is the configuration of a CRI plugin that names no runtime: it has
// runc, as containerd comes.
func plainCRI(n *node.Node) string {
	if !n.Engine.Modern() {
		return fmt.Sprintf("[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = %q\nrestrict_oom_score_adj = true\n", node.PauseName)
	}
	return fmt.Sprintf("[plugins.'io.containerd.cri.v1.images'.pinned_images]\nsandbox = %q\n[plugins.'io.containerd.cri.v1.runtime']\nrestrict_oom_score_adj = true\n", node.PauseName)
}

// A handlerStage is a stage whose containerd serves the CRI.
type handlerStage struct {
	*stage
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

func newHandlerStage(t *testing.T, e node.Engine) *handlerStage {
	n, err := node.StartKind(context.Background(), e, node.Kind{World: true, Bare: true, CRI: plainCRI})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &handlerStage{stage: newStage(t, n)}
	t.Cleanup(func() { // a kubelet would
		own := host.CgroupsNamed(func(name string) bool { return name == n.Namespace("kube") })
		slices.Sort(own)
		for _, dir := range slices.Backward(own) { // children first
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		}
	})
	conn, err := grpc.NewClient("unix://"+n.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	s.must(err)
	t.Cleanup(func() { conn.Close() })
	s.runtime, s.images = cri.NewRuntimeServiceClient(conn), cri.NewImageServiceClient(conn)
	_, err = n.Image(s.ctx, tenant.Kubernetes)
	s.must(err)
	return s
}

// sandbox makes a pod's sandbox on the host's network by a handler, and takes it
// away again.
func (s *handlerStage) sandbox(namespace, handler string) error {
	s.Helper()
	s.must(node.Await(s.ctx, func() bool {
		i, err := s.images.ImageStatus(s.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: node.PauseName}})
		return err == nil && i.Image != nil
	}))
	uid := string(uuid.NewUUID())
	config := &cri.PodSandboxConfig{
		Metadata: &cri.PodSandboxMetadata{Name: "pod", Namespace: namespace, Uid: uid}, LogDirectory: s.TempDir(),
		Linux: &cri.LinuxPodSandboxConfig{
			CgroupParent:    "/" + s.node.Namespace("kube") + "/kubepods/besteffort/pod" + uid,
			SecurityContext: &cri.LinuxSandboxSecurityContext{NamespaceOptions: &cri.NamespaceOption{Network: cri.NamespaceMode_NODE}},
		},
	}
	made, err := s.runtime.RunPodSandbox(s.ctx, &cri.RunPodSandboxRequest{Config: config, RuntimeHandler: handler})
	if err != nil {
		return err
	}
	_, err = s.runtime.StopPodSandbox(s.ctx, &cri.StopPodSandboxRequest{PodSandboxId: made.PodSandboxId})
	s.must(err)
	_, err = s.runtime.RemovePodSandbox(s.ctx, &cri.RemovePodSandboxRequest{PodSandboxId: made.PodSandboxId})
	s.must(err)
	return nil
}

// The handler that install writes starts Bulkhead's shim on every containerd,
// and the stock handler is as it was.
func TestInstalledHandlerDecidesPods(t *testing.T) {
	onlyIfItMatters(t)
	for _, shared := range nodes {
		t.Run(shared.Engine.Name, func(t *testing.T) {
			s := newHandlerStage(t, shared.Engine)
			dir := s.node.Dir()
			s.must(s.sandbox("acme", ""))
			s.apply(node.Policy{
				Pods:    true,
				Tenants: map[string]string{"acme": "", "wide": "security: {exceptions: {hostNamespaces: [Network]}}"},
				Node:    fmt.Sprintf("engineRoots: [%s/lib, %s/state]", dir, dir),
			})
			before := tree(t, dir+"/bin", dir+"/usr", dir+"/config.toml")
			s.bulkhead("install", "containerd", "--cri", "--containerd", s.node.Engine.Containerd, "--config", dir+"/config.toml",
				"--to", s.node.Ahead(), "--path", s.node.Path(), "--running", dir+"/state/io.containerd.runtime.v2.task")
			s.must(s.node.Kill())
			s.must(s.node.Restart(s.ctx))
			if err := s.sandbox("acme", "bulkhead"); err == nil || !strings.Contains(err.Error(), "refused by namespaces: ") {
				s.Errorf("a pod on the host's network: %v, want a refusal", err)
			}
			s.must(s.sandbox("wide", "bulkhead"))
			s.must(s.sandbox("acme", ""))

			s.bulkhead("uninstall", "containerd")
			if got := tree(t, dir+"/bin", dir+"/usr", dir+"/config.toml"); got != before {
				s.Errorf("after uninstall\n%s\nwant\n%s", got, before)
			}
		})
	}
}
