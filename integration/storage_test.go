package integration

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// storage is a private place of Debian's Podman and Buildah, whose containers
// are acme's.
type storage struct {
	*stage
	dir string
}

// onStorage makes the place beside the node of Debian's containerd.
func (s *stage) onStorage() *storage {
	s.Helper()
	if s.node.Engine.Modern() {
		s.Skip("Debian's Podman goes with Debian's runc")
	}
	p := &storage{s, filepath.Join(s.node.Dir(), "podman")}
	s.must(os.MkdirAll(p.path("tmp"), 0o700))
	s.withoutCache()
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = p.command(ctx, "podman", "rm", "--all", "--force", "--time", "0").Run() // none is left, as a rule
		if err := os.RemoveAll(p.dir); err != nil {
			s.Error(err)
		}
	})
	for name, text := range map[string]string{
		"policy.json":     `{"default": [{"type": "insecureAcceptAnything"}]}`,
		"registries.conf": "",
		"storage.conf":    fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n", p.path("graph"), p.path("run")),
		"containers.conf": p.config(),
		// conmon passes nothing of Podman's environment on.
		"bulkhead-runc": fmt.Sprintf("#!/bin/sh\n%s=%s exec %s \"$@\"\n", tenant.RootEnv, s.node.Root(), s.program("bulkhead-runc")),
	} {
		s.must(os.WriteFile(p.path(name), []byte(text), 0o755))
	}
	p.load()
	return p
}

// withoutCache takes away what Podman keeps outside of any place that it can be
// told, unless the machine had it before.
func (s *stage) withoutCache() {
	for _, path := range []string{"/var/lib/containers", "/dev/shm/libpod_lock"} {
		if _, err := os.Lstat(path); os.IsNotExist(err) {
			s.Cleanup(func() { _ = os.RemoveAll(path) }) // only a cache
		}
	}
}

func (p *storage) path(name string) string { return filepath.Join(p.dir, name) }

// config keeps Podman below the place. The limits are those that root without
// CAP_SYS_RESOURCE may give.
func (p *storage) config() string {
	return fmt.Sprintf(`[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "cni"
network_config_dir = %q
[engine]
conmon_path = [%q]
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = %q
static_dir = %q
volume_path = %q
`, p.path("cni"), p.debian()+"/usr/bin/conmon", p.path("tmp"), p.path("graph/libpod"), p.path("graph/volumes"))
}

// command is Podman's or Buildah's, with bulkhead-runc as its runtime where a
// runtime is asked for.
func (p *storage) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	all := []string{"--root", p.path("graph"), "--runroot", p.path("run"), "--storage-driver", "vfs"}
	if program == "podman" {
		all = append(all, "--runtime", p.path("bulkhead-runc"), "--runtime-flag", "bulkhead-tenant=acme")
	}
	cmd := exec.CommandContext(ctx, p.debian()+"/usr/bin/"+program, append(all, args...)...)
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + p.dir, "TMPDIR=/var/tmp", "LD_LIBRARY_PATH=" + p.debian() + "/usr/lib/x86_64-linux-gnu",
		"CONTAINERS_CONF=" + p.path("containers.conf"), "CONTAINERS_STORAGE_CONF=" + p.path("storage.conf"), "CONTAINERS_REGISTRIES_CONF=" + p.path("registries.conf"),
	}
	return cmd
}

// run returns what a command prints, errors too.
func (p *storage) run(program string, args ...string) (string, error) {
	out, err := p.command(p.ctx, program, args...).CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// done ends the test if a command fails.
func (p *storage) done(program string, args ...string) string {
	p.Helper()
	out, err := p.run(program, args...)
	if err != nil {
		p.Fatalf("%s %v: %v: %s", program, args, err, out)
	}
	return out
}

// load imports the layer of the node's image as an image called probe.
func (p *storage) load() {
	p.Helper()
	_, err := p.node.Image(p.ctx, p.node.Namespace("images"))
	p.must(err)
	archive, err := os.Open(p.node.Dir() + "/image.tar")
	p.must(err)
	defer archive.Close()
	files := tar.NewReader(archive)
	for h, err := files.Next(); ; h, err = files.Next() {
		p.must(err)
		if h.Name == "layer.tar" {
			break
		}
	}
	layer, err := io.ReadAll(files)
	p.must(err)
	p.must(os.WriteFile(p.path("layer.tar"), layer, 0o600))
	p.done("podman", "import", "--signature-policy", p.path("policy.json"), p.path("layer.tar"), "probe")
}

// stored is the policy of a node whose Podman and Buildah are acme's.
func (s *stage) stored(keys string) node.Policy {
	return node.Policy{
		Tenants: map[string]string{"acme": keys},
		Node:    fmt.Sprintf("engineRoots: [%s, %s]", filepath.Join(s.node.Dir(), "podman/graph"), filepath.Join(s.node.Dir(), "podman/run")),
	}
}
