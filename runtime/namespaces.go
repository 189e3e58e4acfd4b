package runtime

import (
	"fmt"
	"os"
	"slices"

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

// namespaces finds out what each namespace path of a spec really is.
func (rt *Runtime) namespaces(s *specs.Spec) (map[string]isolator.NSRef, error) {
	if s.Linux == nil {
		return nil, nil
	}
	refs := map[string]isolator.NSRef{}
	for _, ns := range s.Linux.Namespaces {
		if ns.Path == "" {
			continue
		}
		found, err := openNamespace(ns.Path)
		if err != nil {
			refs[ns.Path] = isolator.NSRef{} // not a namespace: nobody may join it
			continue
		}
		ref := isolator.NSRef{Type: found.Type}
		if own, err := namespaceOf(os.Getpid(), found.Type); err == nil && own == found {
			ref.Host = true
		}
		if ref.Owner, err = rt.owner(found); err != nil {
			return nil, err
		}
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
func (rt *Runtime) owner(ns record.Namespace) (*isolator.Owner, error) {
	all, err := record.List(rt.root)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if !slices.Contains(r.Namespaces, ns) || !r.Alive() {
			continue
		}
		if now, err := namespaceOf(r.Pid, ns.Type); err == nil && now == ns {
			return &isolator.Owner{Tenant: r.Tenant, Container: r.ID, Sandbox: r.Sandbox}, nil
		}
	}
	return nil, nil
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
	slices.SortFunc(own, func(a, b record.Namespace) int { return int(a.Inode) - int(b.Inode) })
	return own
}
