package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// nsTypes are the namespaces by their CLONE_NEW flag (NS_GET_NSTYPE, ioctl_ns(2)).
var nsTypes = map[int]specs.LinuxNamespaceType{
	unix.CLONE_NEWPID:    specs.PIDNamespace,
	unix.CLONE_NEWNET:    specs.NetworkNamespace,
	unix.CLONE_NEWNS:     specs.MountNamespace,
	unix.CLONE_NEWIPC:    specs.IPCNamespace,
	unix.CLONE_NEWUTS:    specs.UTSNamespace,
	unix.CLONE_NEWUSER:   specs.UserNamespace,
	unix.CLONE_NEWCGROUP: specs.CgroupNamespace,
	unix.CLONE_NEWTIME:   specs.TimeNamespace,
}

// nsFiles are the names of namespaces in /proc/<pid>/ns.
var nsFiles = map[specs.LinuxNamespaceType]string{
	specs.PIDNamespace: "pid", specs.NetworkNamespace: "net", specs.MountNamespace: "mnt", specs.IPCNamespace: "ipc",
	specs.UTSNamespace: "uts", specs.UserNamespace: "user", specs.CgroupNamespace: "cgroup", specs.TimeNamespace: "time",
}

// netnsFolders are where engines and ip-netns(8) keep network namespaces; they
// are root's.
var netnsFolders = []string{"/run/netns", "/var/run/netns", "/run/docker/netns", "/var/run/docker/netns"}

// processNamespace is a path whose end the kernel made.
func processNamespace(path string) bool {
	var pid int
	var name string
	n, err := fmt.Sscanf(path, "/proc/%d/ns/%s", &pid, &name)
	return err == nil && n == 2 && path == fmt.Sprintf("/proc/%d/ns/%s", pid, name) && !strings.Contains(name, "/")
}

// namespaces finds out what each namespace path of a spec really is. One of
// another place than these counts as none: the delegate opens the path again,
// and a link could lead elsewhere by then.
func (rt *Runtime) namespaces(s *specs.Spec) (map[string]isolator.NSRef, error) {
	if s.Linux == nil {
		return nil, nil
	}
	refs := map[string]isolator.NSRef{}
	records := sync.OnceValues(func() ([]*record.Record, error) { return record.List(rt.root) })
	for _, ns := range s.Linux.Namespaces {
		if ns.Path == "" {
			continue
		}
		found, err := openNamespace(ns.Path)
		if err != nil || !processNamespace(ns.Path) && !slices.Contains(netnsFolders, filepath.Dir(ns.Path)) {
			refs[ns.Path] = isolator.NSRef{} // not a namespace: nobody may join it
			continue
		}
		ref := isolator.NSRef{Type: found.Type}
		if own, err := namespaceOf(os.Getpid(), found.Type); err == nil && own == found {
			ref.Host = true
		}
		all, err := records()
		if err != nil {
			return nil, err
		}
		ref.Owner = owner(all, found)
		refs[ns.Path] = ref
	}
	return refs, nil
}

// openNamespace identifies the namespace at a path. The path is a client's, so
// nothing is read from it before it is known to be a namespace.
func openNamespace(path string) (record.Namespace, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return record.Namespace{}, err
	}
	defer unix.Close(fd)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return record.Namespace{}, err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return record.Namespace{}, fmt.Errorf("%s is not a namespace", path)
	}
	ns, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return record.Namespace{}, err
	}
	defer unix.Close(ns)
	flag, err := unix.IoctlRetInt(ns, unix.NS_GET_NSTYPE)
	if err != nil {
		return record.Namespace{}, os.NewSyscallError("ioctl NS_GET_NSTYPE", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(ns, &st); err != nil {
		return record.Namespace{}, err
	}
	return record.Namespace{Type: nsTypes[flag], Device: st.Dev, Inode: st.Ino}, nil
}

// namespaceOf identifies a process's namespace of a type.
func namespaceOf(pid int, t specs.LinuxNamespaceType) (record.Namespace, error) {
	var st unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, nsFiles[t]), &st); err != nil {
		return record.Namespace{}, err
	}
	return record.Namespace{Type: t, Device: st.Dev, Inode: st.Ino}, nil
}

// owner returns the living container that holds a namespace, nil if none. A
// record counts only while its process lives and still shows the namespace:
// inode numbers are reused at once.
func owner(all []*record.Record, ns record.Namespace) *isolator.Owner {
	for _, r := range all {
		if !slices.Contains(r.Namespaces, ns) || !r.Alive() {
			continue
		}
		if now, err := namespaceOf(r.Pid, ns.Type); err == nil && now == ns {
			return &isolator.Owner{Tenant: r.Tenant, Container: r.ID, Sandbox: r.Sandbox}
		}
	}
	return nil
}

// namespacesOf identifies all namespaces of a process that are not this one's.
func namespacesOf(pid int) []record.Namespace {
	var own []record.Namespace
	for t := range nsFiles {
		ns, err := namespaceOf(pid, t)
		host, hostErr := namespaceOf(os.Getpid(), t)
		if err == nil && hostErr == nil && ns != host {
			own = append(own, ns)
		}
	}
	sort.Slice(own, func(i, j int) bool { return own[i].Inode < own[j].Inode })
	return own
}
