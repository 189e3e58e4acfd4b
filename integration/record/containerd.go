package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/oci"
)

// plainConfig is that of a containerd without Kubernetes.
const plainConfig = `version = 3
disabled_plugins = ["io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.devmapper"]
`

// A clients is a container of containerd's own client, with the options that ctr
// has for it.
type clients struct {
	name, about, image string
	tty                bool
	spec               []oci.SpecOpts
}

var ofClients = []clients{
	{"plain", "ctr run", "alpine", false, nil},
	{"terminal", "ctr run -t", "alpine", true, []oci.SpecOpts{oci.WithTTY}},
	{"readonly", "ctr run --read-only", "redis", false, []oci.SpecOpts{oci.WithRootFSReadonly()}},
	{"limits", "ctr run --memory-limit --cpus", "redis", false, []oci.SpecOpts{oci.WithMemoryLimit(256 << 20), oci.WithCPUCFS(50000, 100000), oci.WithCPUShares(512)}},
	{"user", "ctr run --user --cwd --env", "node", false, []oci.SpecOpts{oci.WithUserID(1000), oci.WithProcessCwd("/tmp"), oci.WithEnv([]string{"A=b"})}},
	{"named", "ctr run --hostname --label", "nginx", false, []oci.SpecOpts{oci.WithHostname("web"), oci.WithAnnotations(map[string]string{"org.example.team": "web"})}},
	{"no-new-privileges", "ctr run --no-new-privs --cap-drop", "nginx", false, []oci.SpecOpts{oci.WithNoNewPrivileges, oci.WithDroppedCapabilities([]string{"CAP_NET_RAW"})}},
	{"host-network", "ctr run --net-host", "alpine", false, []oci.SpecOpts{oci.WithHostNamespace("network"), oci.WithHostHostsFile, oci.WithHostResolvconf}},
	{"privileged", "ctr run --privileged", "alpine", false, []oci.SpecOpts{oci.WithPrivileged, oci.WithAllDevicesAllowed}},
}

func recordContainerd(ctx context.Context, r *recorder) error {
	if err := r.startModern(ctx, plainConfig); err != nil {
		return err
	}
	if err := r.importImages(ctx, "default"); err != nil {
		return err
	}
	var errs []error
	for _, c := range ofClients {
		if err := r.recordClients(ctx, c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *recorder) recordClients(ctx context.Context, c clients) error {
	ctx = namespaces.WithNamespace(ctx, "default")
	image, err := r.client.GetImage(ctx, reference(c.image))
	if err != nil {
		return err
	}
	made, err := r.client.NewContainer(ctx, c.name, client.WithImage(image), client.WithNewSnapshot(c.name, image),
		client.WithRuntime("io.containerd.runc.v2", nil), client.WithNewSpec(append([]oci.SpecOpts{oci.WithImageConfig(image)}, c.spec...)...))
	if err != nil {
		return err
	}
	options := []cio.Opt{cio.WithFIFODir(filepath.Join("/run/containerd", "fifo")), cio.WithStreams(nil, io.Discard, io.Discard)}
	if c.tty {
		options = append(options, cio.WithTerminal)
	}
	task, err := made.NewTask(ctx, cio.NewCreator(options...))
	if err != nil {
		return err
	}
	if err := task.Start(ctx); err != nil {
		return err
	}
	return r.record(ctx, c.name, c.about, "default", c.name)
}
