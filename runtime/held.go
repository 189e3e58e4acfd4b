package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// heldNamespaces are the namespaces that a request names, by path, opened once:
// the delegate opens what was judged, whatever becomes of the path. An open
// namespace stays what it is, also when all who live in it end.
type heldNamespaces map[string]heldNamespace

// of returns what is held for a namespace of a spec. The empty path is held for
// one type only: the network that Bulkhead made for the tenant.
func (h heldNamespaces) of(ns specs.LinuxNamespace) (heldNamespace, bool) {
	held, ok := h[ns.Path]
	return held, ok && (ns.Path != "" || held.id.Type == ns.Type)
}

type heldNamespace struct {
	fd int
	id record.Namespace
}

// hold opens the namespaces of a spec, the first of each type: a further one is
// refused. A path that leads to no namespace is left out.
func hold(s *specs.Spec) heldNamespaces {
	if s.Linux == nil {
		return nil
	}
	held := heldNamespaces{}
	seen := map[specs.LinuxNamespaceType]bool{}
	for _, ns := range s.Linux.Namespaces {
		_, known := nsFiles[ns.Type]
		_, open := held[ns.Path]
		first := known && !seen[ns.Type]
		seen[ns.Type] = true
		if !first || open || !filepath.IsAbs(ns.Path) {
			continue
		}
		if h, err := openNamespace(ns.Path); err == nil {
			held[ns.Path] = h
		}
	}
	return held
}

// close lets them go. The delegate has those of a container by then.
func (h heldNamespaces) close() {
	for path, ns := range h {
		_ = unix.Close(ns.fd) // only read
		delete(h, path)
	}
}

// openNamespace opens the namespace at a path. The path is a client's, so
// nothing is read from it before it is known to be a namespace.
func openNamespace(path string) (heldNamespace, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return heldNamespace{}, err
	}
	defer unix.Close(fd)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return heldNamespace{}, err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return heldNamespace{}, fmt.Errorf("%s is not a namespace", path)
	}
	h := heldNamespace{}
	if h.fd, err = unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return heldNamespace{}, err
	}
	if h.id, err = namespaceAt(h.fd); err != nil {
		return heldNamespace{}, errors.Join(err, unix.Close(h.fd))
	}
	return h, nil
}

// namespaceAt identifies an open namespace.
func namespaceAt(fd int) (record.Namespace, error) {
	flag, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return record.Namespace{}, os.NewSyscallError("ioctl NS_GET_NSTYPE", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return record.Namespace{}, os.NewSyscallError("fstat", err)
	}
	return record.Namespace{Type: nsTypes[flag], Device: st.Dev, Inode: st.Ino}, nil
}

// path is where a delegate finds it, as long as it is held: a delegate is this
// process's child and of its user. runc takes what begins with "/proc/<pid>" for
// a namespace of that process, and would give a user namespace the ID mappings
// of this one (runc 1.2 to 1.5, libcontainer/internal/userns,
// GetUserNamespaceMappings): the dot keeps it from that.
func (h heldNamespace) path() string { return fmt.Sprintf("/proc/./%d/fd/%d", os.Getpid(), h.fd) }

// through returns the spec for a delegate to read, with each path that is held
// as one that leads to what was judged. runc and crun read it at create only:
// exec and delete go by the container's process (runc 1.1 to 1.5, crun 1.8 to
// 1.29), and a checkpoint of an enforced container is refused.
func (h heldNamespaces) through(s *specs.Spec) *specs.Spec {
	if len(h) == 0 || s.Linux == nil {
		return s
	}
	written, linux := *s, *s.Linux
	linux.Namespaces = slices.Clone(linux.Namespaces)
	for i, ns := range linux.Namespaces {
		if held, ok := h.of(ns); ok {
			linux.Namespaces[i].Path = held.path()
		}
	}
	written.Linux = &linux
	return &written
}

// Close lets go of what the delegate needed, once it has made the container.
func (a *Accepted) Close() { a.held.close() }

// Confirm compares the namespaces that the delegate gave the container, which
// has not started yet, with those that were judged. A sandbox must also have its
// limits.
func (a *Accepted) Confirm(pid int) error {
	if !a.record.Enforced || a.Request.Spec.Linux == nil {
		return nil
	}
	for _, ns := range a.Request.Spec.Linux.Namespaces {
		held, joins := a.held.of(ns)
		joins = joins || ns.Path != ""
		if a.sandboxed() {
			if !ofSandbox(ns.Type) {
				continue
			}
			joins = joins && ns.Type == specs.NetworkNamespace
		}
		got, err := namespaceOf(pid, ns.Type)
		if err != nil {
			return fmt.Errorf("look at the container's namespaces: %w", err)
		}
		if !joins && isHost(got) || joins && got != held.id {
			err := fmt.Errorf("the delegate gave the container another %s namespace than it was told", ns.Type)
			return errors.Join(err, a.rt.auditFailure(callerOf(a.record), "create", err))
		}
	}
	if a.sandboxed() {
		return a.confirmLimits()
	}
	return nil
}
