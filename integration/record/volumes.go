package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/world"
)

// A volume is of a plugin, and may be a mount of its own: a filesystem in
// memory, or what a driver or the node mounts there.
type volume struct {
	plugin string   // folder below the pod's volumes; empty: a path of the host
	memory bool     // it is a filesystem of its own
	from   string   // bound from a path of the node
	host   string   // hostPath
	image  string   // of an image volume
	files  []string // what is in it
}

// The volumes of Kubernetes. Source: kubelet 1.36, pkg/volume/*.
var (
	configMap   = volume{plugin: "kubernetes.io~configmap", files: []string{"nginx.conf", "app.properties"}}
	secret      = volume{plugin: "kubernetes.io~secret", memory: true, files: []string{"password"}}
	token       = volume{plugin: "kubernetes.io~projected", memory: true, files: []string{"token", "ca.crt", "namespace"}}
	downwardAPI = volume{plugin: "kubernetes.io~downward-api", memory: true, files: []string{"labels"}}
	emptyDir    = volume{plugin: "kubernetes.io~empty-dir"}
	memoryDir   = volume{plugin: "kubernetes.io~empty-dir", memory: true}
	hugePages   = volume{plugin: "kubernetes.io~empty-dir", memory: true}
	claim       = volume{plugin: "kubernetes.io~csi", memory: true}
	nfs         = volume{plugin: "kubernetes.io~nfs", memory: true}
	iscsi       = volume{plugin: "kubernetes.io~iscsi", memory: true}
	fibre       = volume{plugin: "kubernetes.io~fc", memory: true}
	flex        = volume{plugin: "example.com~lvm", memory: true}
	localDisk   = volume{plugin: "kubernetes.io~local-volume", from: "/mnt/disks/ssd1"}
	gitRepo     = volume{plugin: "kubernetes.io~git-repo"}
)

func hostPath(p string) volume   { return volume{host: p} }
func ofImage(name string) volume { return volume{image: name} }

// path is where the kubelet has a volume.
func (v volume) path(p pod, name string) string {
	if v.host != "" {
		return v.host
	}
	dir := filepath.Join(p.folder(), "volumes", v.plugin, name)
	if v.plugin == "kubernetes.io~csi" {
		dir = filepath.Join(dir, "mount")
	}
	return dir
}

func (v volume) prepare(p pod, name string) error {
	if v.image != "" || v.host != "" && strings.HasPrefix(v.host, "/var/run/") {
		return nil
	}
	dir := v.path(p, name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var err error
	if v.memory {
		err = world.Mount("tmpfs", dir, "size=16m")
	}
	if v.from != "" {
		err = errors.Join(os.MkdirAll(v.from, 0o755), unix.Mount(v.from, dir, "", unix.MS_BIND, ""))
	}
	for _, f := range v.files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, f), nil, 0o644))
	}
	return err
}

// mounts are a container's, the kubelet's own among them. Source: kubelet 1.36,
// pkg/kubelet/kubelet_pods.go, makeMounts; kuberuntime_container.go, makeMounts.
func (p pod) mounts(c container) ([]*cri.Mount, error) {
	var all []*cri.Mount
	for i, m := range c.mounts {
		v, ok := p.volumes[m.volume]
		if !ok {
			return nil, fmt.Errorf("no volume %q", m.volume)
		}
		asked := &cri.Mount{ContainerPath: m.at, Readonly: m.readOnly, RecursiveReadOnly: m.recursive, Propagation: m.propagation}
		if v.image != "" {
			asked.Image = &cri.ImageSpec{Image: reference(v.image), UserSpecifiedImage: reference(v.image)}
			asked.ImageSubPath = m.subPath
		} else {
			asked.HostPath = v.path(p, m.volume)
		}
		if m.subPath != "" && v.image == "" {
			var err error
			if asked.HostPath, err = p.part(asked.HostPath, m, c.name, i); err != nil {
				return nil, err
			}
		}
		all = append(all, asked)
	}
	if !p.hostNetwork {
		all = append(all, &cri.Mount{HostPath: filepath.Join(p.folder(), "etc-hosts"), ContainerPath: "/etc/hosts"})
	}
	log := filepath.Join(p.folder(), "containers", c.name, "8f2d4a1c")
	err := errors.Join(os.MkdirAll(filepath.Dir(log), 0o750), os.WriteFile(log, nil, 0o666))
	return append(all, &cri.Mount{HostPath: log, ContainerPath: "/dev/termination-log"}), err
}

// part mounts a volume's subPath where the kubelet does, by pkg/volume/util/subpath.
func (p pod) part(volume string, m mounted, container string, i int) (string, error) {
	from := filepath.Join(volume, m.subPath)
	to := filepath.Join(p.folder(), "volume-subpaths", m.volume, container, fmt.Sprint(i))
	info, err := os.Stat(from)
	switch {
	case err != nil:
		err = errors.Join(os.MkdirAll(from, 0o755), os.MkdirAll(to, 0o755))
	case info.IsDir():
		err = os.MkdirAll(to, 0o755)
	default:
		err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, nil, 0o644))
	}
	if err == nil {
		err = unix.Mount(from, to, "", unix.MS_BIND, "")
	}
	return to, err
}

func cut(env string) (name, value string) {
	name, value, _ = strings.Cut(env, "=")
	return name, value
}
