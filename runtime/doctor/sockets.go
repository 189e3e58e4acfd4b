package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// sockets: who but root can be an engine's client, and so every tenant of it.
var _ = register(Check{"sockets", checkSockets})

func checkSockets(_ context.Context, n *Node) ([]Result, error) {
	return n.ofEngines(func(e Engine) (all []Result, err error) {
		tenants, err := n.tenantsOf(e)
		errs := []error{err}
		for _, socket := range e.Socket {
			r, err := n.socket(e, socket, tenants)
			all, errs = append(all, r...), append(errs, err)
		}
		return all, errors.Join(errs...)
	})
}

func (n *Node) socket(e Engine, socket string, tenants []string) ([]Result, error) {
	who := ""
	if !filepath.IsAbs(socket) {
		if who = "whoever reaches it"; slices.Contains(e.Args, "--tlsverify") || slices.Contains(e.Args, "--tlsverify=true") {
			who = "whoever reaches it with a certificate"
		}
	} else {
		info, err := os.Stat(n.path(socket))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // nobody listens
		}
		if err != nil {
			return nil, err
		}
		st, _ := info.Sys().(*syscall.Stat_t)
		switch mode := info.Mode().Perm(); {
		case mode&0o002 != 0:
			who = "every user of the node that can reach its folder"
		case mode&0o020 != 0 && st != nil && st.Gid != 0:
			if who, err = n.group(st.Gid); err != nil {
				return nil, err
			}
		}
	}
	if who == "" {
		return ok("%s is root's alone", socket), nil
	}
	r := Result{
		Level: Warning, What: fmt.Sprintf("%s is open to %s", socket, who),
		Means: "its clients are root of this node, and hold every tenant of the engine: " + cmp.Or(list(tenants), "none so far"),
		Fix:   "chmod 0600 " + socket + " and an empty group, or one engine a tenant (dockerd --containerd-namespace)",
	}
	if len(tenants) > 1 {
		r.Level = Failure
		r.What += ", and names several tenants"
	}
	return []Result{r}, nil
}

// list is at most some names.
func list(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// group names a group with those who are in it.
func (n *Node) group(gid uint32) (string, error) {
	groups, err := n.text("/etc/group") // "docker:x:998:eve,adam"
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(groups) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) == 4 && f[2] == fmt.Sprint(gid) {
			return fmt.Sprintf("group %s (%s)", f[0], cmp.Or(f[3], "nobody is in it now")), nil
		}
	}
	return fmt.Sprintf("group %d", gid), nil
}

// tenantsOf are those whose containers an engine's clients can name.
func (n *Node) tenantsOf(e Engine) ([]string, error) {
	st, err := tenant.Open(n.Root)
	if errors.Is(err, tenant.ErrNoPolicy) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Kind != dockerd {
		return st.Names()
	}
	c, err := n.dockerConfig(e)
	if err != nil {
		return nil, err
	}
	node, err := st.Node()
	if err != nil {
		return nil, err
	}
	namespace := cmp.Or(c.ContainerdNamespace, "moby")
	if slices.Contains(node.TrustedAnnotationNamespaces, namespace) {
		return st.Names() // docker run --annotation bulkhead.dev/tenant=
	}
	p, err := st.Select(tenant.ContainerdNamespace, namespace)
	if err != nil || p == nil {
		return nil, err
	}
	return []string{p.Name}, nil
}
