package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/bulkhead-dev/bulkhead/integration/cluster"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// configured is a containerd's configuration that takes drop-ins, below a root.
const configured = "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n"

// installer is a pod of deploy/kubernetes' DaemonSet, on the image that there is
// here, and with a tree of its own in the place of the node's.
func (k *kube) installer(name, tree string) *corev1.Pod {
	k.Helper()
	repo, err := node.Repository()
	k.must(err)
	var set appsv1.DaemonSet
	for _, o := range k.deployment() {
		if o.GetKind() == "DaemonSet" {
			k.must(runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &set))
		}
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: set.Namespace}, Spec: set.Spec.Template.Spec}
	p.Spec.NodeName, p.Spec.TerminationGracePeriodSeconds = cluster.NodeName, new(int64(1))
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			list[i].Image, list[i].ImagePullPolicy = node.ImageName, corev1.PullNever
			list[i].VolumeMounts = append(list[i].VolumeMounts, corev1.VolumeMount{Name: "programs", MountPath: "/usr/local/bin"})
		}
	}
	for i, v := range p.Spec.Volumes {
		if v.Name == "host" {
			p.Spec.Volumes[i].HostPath = &corev1.HostPathVolumeSource{Path: tree}
		}
	}
	p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "programs", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: filepath.Join(repo, "bin")}}})
	return p
}

// installs runs the installer on a tree: what it leaves is a node that has
// Bulkhead, and a second run changes nothing.
func installs(k *kube) {
	tree := filepath.Join(k.Dir(), "tree")
	config := filepath.Join(tree, "etc/containerd/config.toml")
	k.must(os.MkdirAll(filepath.Dir(config), 0o755))
	k.must(os.WriteFile(config, []byte(configured), 0o644))

	k.must(os.MkdirAll(filepath.Join(tree, "usr/local/bin"), 0o755))
	containerd, err := os.ReadFile(k.Engine.Containerd)
	k.must(err)
	k.must(os.WriteFile(filepath.Join(tree, "usr/local/bin/containerd"), containerd, 0o755))

	first := k.installer("install", tree)
	k.create(first)
	k.running(first)
	said := k.logs(first, "install")
	for _, file := range []string{"/usr/local/bin/containerd-shim-bulkhead-v2", "/usr/local/bin/bulkhead", "/etc/bulkhead/policy.yaml", "/etc/containerd/conf.d/bulkhead.toml"} {
		if !exists(tree+file) || !strings.Contains(said, "installed "+file) && !strings.Contains(said, "+++ "+file) {
			k.Errorf("%s is not installed; the installer said:\n%s", file, said)
		}
	}
	if !strings.Contains(said, "nodepolicy/default created") || !exists(tree+"/var/lib/bulkhead/policy/v1/current") {
		k.Errorf("the policy is not in force; the installer said:\n%s", said)
	}
	k.configures(config)

	second := k.installer("install-again", tree)
	k.create(second)
	k.running(second)
	if said := k.logs(second, "install"); strings.Contains(said, "installed ") || !strings.HasSuffix(said, "nothing to do: containerd is set up so already\n") {
		k.Errorf("the second run said:\n%s", said)
	}
	k.delete(first)
	k.delete(second)
}

// configures expects that containerd takes the handler, beside its own.
func (k *kube) configures(config string) {
	k.Helper()
	below := strings.ReplaceAll(configured, "/etc/containerd/conf.d", filepath.Join(filepath.Dir(config), "conf.d"))
	file := filepath.Join(k.TempDir(), "config.toml")
	k.must(os.WriteFile(file, []byte(below), 0o600))
	out, err := exec.CommandContext(k.ctx, k.Engine.Containerd, "--config", file, "config", "dump").CombinedOutput()
	if err != nil {
		k.Fatalf("containerd config dump: %v: %s", err, out)
	}
	for _, want := range []string{"runtime_type = 'io.containerd.bulkhead.v2'", ".runtimes.runc]"} {
		if !strings.Contains(string(out), want) {
			k.Errorf("containerd's configuration has no %s:\n%s", want, out)
		}
	}
}
