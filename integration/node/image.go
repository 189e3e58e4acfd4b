package node

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ImageName is the image of all containers: busybox, and the prober.
const ImageName = "bulkhead.test/busybox:latest"

// PauseName is the image of pods' sandboxes: the same, asleep.
const PauseName = "bulkhead.test/pause:latest"

// Image returns the image in a namespace, imported on first use. No registry is
// asked: the image is made here.
func (n *Node) Image(ctx context.Context, namespace string) (client.Image, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.images[namespace]; ok {
		return i, nil
	}
	archive, err := n.archive()
	if err != nil {
		return nil, err
	}
	res, err := n.Ctr(ctx, namespace, "image", "import", archive)
	if err == nil {
		err = res.Failed()
	}
	if err != nil {
		return nil, fmt.Errorf("import the image: %w", err)
	}
	i, err := n.Client.GetImage(namespaces.WithNamespace(ctx, namespace), ImageName)
	if err != nil {
		return nil, err
	}
	n.images[namespace] = i
	return i, nil
}

// Archive is a file with the image, as `docker load` takes it.
func (n *Node) Archive() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.archive()
}

// archive makes the file on first use.
//
// Preconditions: n.mu is held.
func (n *Node) archive() (string, error) {
	archive := n.place.path("image.tar")
	if _, err := os.Stat(archive); err == nil {
		return archive, nil
	}
	if err := n.writeImage(archive); err != nil {
		return "", fmt.Errorf("make the image: %w", err)
	}
	return archive, nil
}

// writeImage writes an archive as `docker save` does, with one layer.
func (n *Node) writeImage(archive string) error {
	layer, err := n.layer()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(layer)
	var b bytes.Buffer
	var manifest []map[string]any
	w := tar.NewWriter(&b)
	for _, i := range []struct {
		name, file string
		command    []string
	}{{ImageName, "busybox.json", []string{"sh"}}, {PauseName, "pause.json", []string{"sleep", "2147483647"}}} {
		config, err := json.Marshal(ocispec.Image{
			Platform: ocispec.Platform{Architecture: goruntime.GOARCH, OS: "linux"},
			Config:   ocispec.ImageConfig{Env: []string{"PATH=/bin"}, Cmd: i.command},
			RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.Digest("sha256:" + hex.EncodeToString(sum[:]))}},
		})
		if err == nil {
			err = add(w, tar.Header{Name: i.file, Mode: 0o644}, config)
		}
		if err != nil {
			return err
		}
		manifest = append(manifest, map[string]any{"Config": i.file, "RepoTags": []string{i.name}, "Layers": []string{"layer.tar"}})
	}
	text, err := json.Marshal(manifest)
	err = errors.Join(err, add(w, tar.Header{Name: "layer.tar", Mode: 0o644}, layer), add(w, tar.Header{Name: "manifest.json", Mode: 0o644}, text), w.Close())
	if err != nil {
		return err
	}
	return os.WriteFile(archive, b.Bytes(), 0o600)
}

// layer is the image's only layer, a tar archive.
func (n *Node) layer() ([]byte, error) {
	busybox, err := os.ReadFile(n.Engine.Busybox())
	if err != nil {
		return nil, err
	}
	applets, err := exec.Command(n.Engine.Busybox(), "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("list busybox's applets: %w", err)
	}
	probe, err := os.ReadFile(n.program("probe")) // what tests run inside containers
	if err != nil {
		return nil, fmt.Errorf("the prober is not built; run: make probe (%w)", err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, dir := range []string{"bin/", "dev/", "etc/", "proc/", "sys/", "tmp/"} {
		err = errors.Join(err, add(w, tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, nil))
	}
	err = errors.Join(err,
		add(w, tar.Header{Name: "bin/busybox", Mode: 0o755}, busybox),
		add(w, tar.Header{Name: "bin/probe", Mode: 0o755}, probe),
		add(w, tar.Header{Name: "etc/passwd", Mode: 0o644}, []byte("root:x:0:0:root:/:/bin/sh\n")))
	for applet := range strings.Lines(string(applets)) {
		if name := strings.TrimSpace(applet); name != "busybox" {
			err = errors.Join(err, add(w, tar.Header{Name: "bin/" + name, Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil))
		}
	}
	return b.Bytes(), errors.Join(err, w.Close())
}

func add(w *tar.Writer, h tar.Header, data []byte) error {
	h.Size = int64(len(data))
	if err := w.WriteHeader(&h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}
