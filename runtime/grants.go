package runtime

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// grants are the folders and files of the node from which a tenant's container
// may have something. Whether it may have it is an isolator's question.
type grants struct {
	node   *tenant.Node
	policy *tenant.Policy
	own    string                       // folder in which the engine has what it made for this container alone; "": it has none
	mounts func() ([]mountPoint, error) // the node's, read once
}

func grantsOf(node *tenant.Node, p *tenant.Policy) grants {
	return grants{node: node, policy: p, mounts: sync.OnceValues(readMounts)}
}

// to adds what a container's engine has in its bundle: Buildah has it nowhere
// else.
func (g grants) to(f isolator.Facts) grants {
	if f.Engine == isolator.Buildah {
		g.own = f.Bundle
	}
	return g
}

// of returns the outermost that is a path or above it; "": there is none. What
// is within one may be exchanged by a container that has the whole.
func (g grants) of(path string) (outermost string) {
	if g.policy.Security.Level == tenant.Privileged {
		return path
	}
	consider := func(granted string) {
		granted = filepath.Clean(granted)
		if filepath.IsAbs(granted) && within(granted, path) && (outermost == "" || len(granted) < len(outermost)) {
			outermost = granted
		}
	}
	for _, root := range g.node.EngineRoots {
		consider(root)
	}
	if g.own != "" {
		consider(g.own)
	}
	for _, h := range g.policy.Security.Exceptions.HostPaths {
		consider(h.Path)
	}
	for _, c := range g.policy.Security.Exceptions.CDIDevices {
		for _, m := range c.Mounts {
			consider(m.HostPath)
		}
	}
	switch filepath.Base(path) {
	case "docker-init", "tini": // Docker's and nerdctl's --init, which each finds by its own rules
		consider(path)
	}
	return outermost
}

// file finds out what the source of a bind mount is.
func (g grants) file(source string) (isolator.File, error) {
	path, l, err := g.locate(source)
	if err != nil {
		return isolator.File{}, err
	}
	defer l.close()
	f := fileOf(l)
	f.Guarded = f.Guarded && !g.writable(path) && !g.writable(l.real)
	m, err := g.mountAt(l)
	if err != nil {
		return isolator.File{}, err
	}
	if m != nil {
		f.Origins = m.origins
	}
	if folder, ok := g.volumeFolder(path, l.real, f.Origins); ok {
		if f.Volume, err = g.volumeOf(folder); notThere(err) && g.mayWrite(path) {
			err = nil
		}
	}
	if err == nil {
		err = g.mountedOver(path, l, m)
	}
	return f, err
}

// locate finds the source of a bind mount. A delegate takes blanks of a path
// ("/srv//x/.") as the kernel does, and ".." as what is above a link's target.
func (g grants) locate(source string) (path string, l *located, err error) {
	path = filepath.Clean(source)
	granted := g.of(path)
	if !filepath.IsAbs(source) || strings.Contains(source+"/", "/../") || granted == "" {
		return "", nil, fs.ErrNotExist
	}
	l, err = find(granted, path, func(link string) bool { return !g.writable(link) })
	return path, l, err
}

// writable reports a path within what is given to containers to write to: it
// may be exchanged by them, root's or not, for most have no IDs of their own.
func (g grants) writable(path string) bool {
	for _, h := range g.policy.Security.Exceptions.HostPaths {
		if path != h.Path && within(h.Path, path) {
			return true // also one granted read-only: others may have it otherwise
		}
	}
	if folder, ok := isolator.VolumeFolder(g.node.EngineRoots, path); ok && path != folder+"/_data" {
		return true
	}
	for _, root := range g.node.EngineRoots {
		if within(root, path) && inPodVolume(parts(strings.TrimPrefix(path, root))) {
			return true
		}
	}
	return false
}

// inPodVolume reports a path below a kubelet's folder that lies within a volume,
// pods/<uid>/volumes/<plugin>/<name>, or <name>/mount of CSI (kubelet 1.20 to 1.36).
func inPodVolume(p []string) bool {
	return len(p) > 5 && p[0] == "pods" && p[2] == "volumes" && !(len(p) == 6 && p[3] == "kubernetes.io~csi" && p[5] == "mount")
}

// mayWrite reports that the tenant may have a path, and all that is mounted
// there, to write to.
func (g grants) mayWrite(path string) bool {
	if g.policy.Security.Level == tenant.Privileged {
		return true
	}
	for _, h := range g.policy.Security.Exceptions.HostPaths {
		if !h.ReadOnly && within(h.Path, path) {
			return true
		}
	}
	return false
}

// within reports that a clean path is a folder, or below it.
func within(folder, path string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
