package node

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Prefix begins the name of every node, and so of its folder, its containerd
// namespaces and, with its installation's number, its cgroups.
const Prefix = "bulkhead-node-"

// place is the folder of a node, from which everything that belongs to the
// node can be recognised: also by the keeper, when the node's process is gone.
type place string

func (p place) name() string         { return filepath.Base(string(p)) }
func (p place) path(s string) string { return filepath.Join(string(p), s) }
func (p place) root() tenant.Root    { return tenant.Root(p.path("root")) }
func (p place) socket() string       { return p.path("containerd.sock") }

// variable marks every process of the node: containerd has it in its
// environment, and shims inherit it.
func (p place) variable() string { return tenant.RootEnv + "=" + string(p.root()) }

// namespaced reports whether a containerd namespace is the node's, or a slice of
// one.
func (p place) namespaced(namespace string) bool {
	return strings.HasPrefix(namespace, p.name()+"-") || strings.HasPrefix(namespace, slice(p.name()+"-"))
}

// slice is a name as that of a slice has it, in which '-' says what is below what.
func slice(name string) string { return strings.ReplaceAll(name, "-", "_") }

// ownCgroup reports whether a cgroup belongs to the node: its installation's,
// or one that a stock runc made by its default path /<namespace>/<id>.
func (p place) ownCgroup(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return p.installed(first) || p.namespaced(first)
}

func (p place) installed(cgroup string) bool {
	return strings.TrimSuffix(cgroup, ".slice") == "bulkhead_"+p.root().Installation()
}

// remember notes a container's id, whose socket is named by a hash.
func (p place) remember(namespace, id string) error {
	f, err := os.OpenFile(p.path("ids"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "%s/%s\n", namespace, id)
	return err
}

// shimSockets returns the sockets of the node's shims that exist. Every
// containerd puts them into one folder unless told otherwise (containerd 1.6
// cannot be told), named by socket, namespace and id.
func (p place) shimSockets() []string {
	sockets, _ := filepath.Glob(p.path("s/*"))
	ids, _ := os.ReadFile(p.path("ids"))
	for line := range strings.Lines(string(ids)) {
		for _, suffix := range []string{"", "debug"} {
			sum := sha256.Sum256([]byte(filepath.Join(p.socket(), strings.TrimSpace(line), suffix)))
			path := filepath.Join("/run/containerd/s", hex.EncodeToString(sum[:]))
			if _, err := os.Lstat(path); err == nil {
				sockets = append(sockets, path)
			}
		}
	}
	return sockets
}

// matches returns the paths that a pattern finds, with a word for people.
func matches(what, pattern string) []string {
	paths, _ := filepath.Glob(pattern)
	for i := range paths {
		paths[i] = what + " " + paths[i]
	}
	return paths
}
