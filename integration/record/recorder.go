package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/typeurl/v2"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// recorder is what is known of one engine's containers.
type recorder struct {
	engine   string
	client   *client.Client
	daemons  []*os.Process
	recorded []*recording
}

// recording is what a shim was asked for, and what it would have found.
type recording struct {
	name    string
	About   string            `json:"about"`             // what it is modelled on
	Seccomp string            `json:"seccomp,omitempty"` // the file that the profile stands in
	Facts   map[string]any    `json:"facts"`
	Request *isolator.Request `json:"request"`

	facts isolator.Facts
	pid   uint32
}

func newRecorder(engine string) *recorder { return &recorder{engine: engine} }

// record keeps the request of a running container.
func (r *recorder) record(ctx context.Context, name, about, namespace, id string) error {
	bundle := filepath.Join("/run/containerd/io.containerd.runtime.v2.task", namespace, id)
	data, err := os.ReadFile(filepath.Join(bundle, askedFile))
	if err != nil {
		return err
	}
	asked := new(isolator.Request)
	if asked.Spec, err = spec.Parse(data); err != nil {
		return err
	}
	ctx = namespaces.WithNamespace(ctx, namespace)
	rec := &recording{name: name, About: about, Request: asked}
	if err := r.fill(ctx, asked, id, rec); err != nil {
		return err
	}
	rec.facts, err = factsOf(ctx, runtime.Caller{Namespace: namespace, ID: id, Bundle: bundle}, asked)
	if err != nil {
		return err
	}
	r.own(rec)
	r.recorded = append(r.recorded, rec)
	return nil
}

// fill adds what comes to a shim beside the spec. Docker's options (BinaryName,
// Root) are for runc's own shim: to one of another name it sends none (moby 23 to
// 29, daemon/runtime_unix.go).
func (r *recorder) fill(ctx context.Context, asked *isolator.Request, id string, rec *recording) error {
	c, err := r.client.LoadContainer(ctx, id)
	if err != nil {
		return err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return err
	}
	if given := info.Runtime.Options; given != nil && given.GetTypeUrl() != "" && r.engine != "docker" {
		v, err := typeurl.UnmarshalAny(given)
		if err != nil {
			return err
		}
		o, ok := v.(*runcoptions.Options)
		if !ok {
			return fmt.Errorf("options are a %T", v)
		}
		asked.Options = isolator.Options{
			BinaryName: o.BinaryName, Root: o.Root, SystemdCgroup: o.SystemdCgroup, NoPivotRoot: o.NoPivotRoot,
			NoNewKeyring: o.NoNewKeyring, ShimCgroup: o.ShimCgroup, IoUID: o.IoUid, IoGID: o.IoGid,
			CriuImagePath: o.CriuImagePath, CriuWorkPath: o.CriuWorkPath,
		}
	}
	if info.SnapshotKey != "" {
		mounts, err := r.client.SnapshotService(info.Snapshotter).Mounts(ctx, info.SnapshotKey)
		if err != nil {
			return err
		}
		for _, m := range mounts {
			asked.Rootfs = append(asked.Rootfs, isolator.Mount{Type: m.Type, Source: m.Source, Target: m.Target, Options: m.Options})
		}
	}
	task, err := r.client.TaskService().Get(ctx, &tasks.GetRequest{ContainerID: id})
	if err != nil {
		return err
	}
	p := task.Process
	rec.pid = p.Pid
	asked.Stdio = isolator.Stdio{Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Terminal: p.Terminal}
	return nil
}

// factsOf finds out what a shim would. What is of the node itself, and differs
// from machine to machine, is left to whoever judges.
func factsOf(ctx context.Context, c runtime.Caller, asked *isolator.Request) (isolator.Facts, error) {
	everything := &tenant.Policy{Name: "acme", Delegate: "runc", Security: tenant.Security{Level: tenant.Privileged}}
	node := &tenant.Node{
		Delegates:   map[string]string{"runc": behind},
		EngineRoots: []string{"/var/lib/docker", "/var/lib/containerd", "/run/containerd", "/var/lib/kubelet", "/var/lib/nerdctl"},
	}
	f, err := runtime.New(tenant.Root(scratch), runtime.Execute).Facts(ctx, c, asked, node, everything)
	if err != nil {
		return f, err
	}
	f.Delegate.Path, f.Delegate.StateRoot = "/usr/sbin/runc", "/run/containerd/runc"
	for p, file := range f.Files {
		file.Device, file.Inode = 0, 0
		f.Files[p] = file
	}
	f.UserLimits = nil
	return f, nil
}

// own names the owner of each namespace that a container joins: in this world
// all are of one tenant, and the oldest that has it.
func (r *recorder) own(rec *recording) {
	for path, ref := range rec.facts.Namespaces {
		i := slices.IndexFunc(r.recorded, func(other *recording) bool {
			return same(path, fmt.Sprintf("/proc/%d/ns/%s", other.pid, namespaceFile(string(ref.Type))))
		})
		if ref.Host || i < 0 {
			continue
		}
		f := r.recorded[i].facts
		ref.Owner = &isolator.Owner{Tenant: "acme", Container: f.ContainerID, Sandbox: f.Sandbox}
		rec.facts.Namespaces[path] = ref
	}
}

func namespaceFile(t string) string {
	switch t {
	case "network":
		return "net"
	case "mount":
		return "mnt"
	}
	return strings.ToLower(t)
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
