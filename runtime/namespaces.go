package runtime

import (
	"fmt"
	"os"
	"slices"
	"sort"

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

// namespaces finds out what each named namespace of a request really is. The
// container itself counts as nobody: it may be there already, when its spec is
// decided once more.
func (rt *Runtime) namespaces(f *isolator.Facts, scope string, held heldNamespaces) (map[string]isolator.NSRef, error) {
	if len(held) == 0 {
		return nil, nil
	}
	others, err := rt.others(scope, f.ContainerID)
	if err != nil {
		return nil, err
	}
	refs := map[string]isolator.NSRef{}
	for path, h := range held {
		refs[path] = isolator.NSRef{
			Type:    h.id.Type,
			Host:    isHost(h.id),
			Mounted: f.Brings() && mounted(path, h.id),
			Owner:   owner(others, h.id),
		}
	}
	return refs, nil
}

// others are the records of all containers but one.
func (rt *Runtime) others(scope, id string) ([]*record.Record, error) {
	all, err := record.List(rt.root)
	return slices.DeleteFunc(all, func(r *record.Record) bool { return r.Scope == scope && r.ID == id }), err
}

// namespaceOf identifies a process's namespace of a type.
func namespaceOf(pid int, t specs.LinuxNamespaceType) (record.Namespace, error) {
	var st unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, nsFiles[t]), &st); err != nil {
		return record.Namespace{}, err
	}
	return record.Namespace{Type: t, Device: st.Dev, Inode: st.Ino}, nil
}

// isHost reports whether a namespace is the node's: that of its first process,
// or the one that this process shares with the engine, which may be in a
// network or a mount namespace of its own.
func isHost(ns record.Namespace) bool {
	for _, pid := range []int{os.Getpid(), 1} {
		if host, err := namespaceOf(pid, ns.Type); err == nil && host == ns {
			return true
		}
	}
	return false
}

// owner returns the container that holds a namespace, nil if none does: the
// oldest, which the others joined.
func owner(all []*record.Record, ns record.Namespace) *isolator.Owner {
	var oldest *record.Record
	for _, r := range all {
		if slices.Contains(r.Namespaces, ns) && holds(r, ns) && (oldest == nil || r.Created.Before(oldest.Created)) {
			oldest = r
		}
	}
	if oldest == nil {
		return nil
	}
	return &isolator.Owner{Tenant: oldest.Tenant, Container: oldest.ID, Sandbox: oldest.Sandbox, Unmade: oldest.Pid == 0}
}

// holds reports whether a container has a namespace that it was recorded with.
// The record counts only while its process lives and still shows the namespace:
// inode numbers are reused at once. A container that is being made has no
// process yet; it holds what it adopts.
func holds(r *record.Record, ns record.Namespace) bool {
	if r.Pid == 0 {
		gone, err := lost(r)
		return err != nil || !gone
	}
	now, err := namespaceOf(r.Pid, ns.Type)
	return err == nil && now == ns && r.Alive()
}

// namespacesOf identifies all namespaces of a process that are not the host's.
func namespacesOf(pid int) []record.Namespace {
	var own []record.Namespace
	for t := range nsFiles {
		if ns, err := namespaceOf(pid, t); err == nil && !isHost(ns) {
			own = append(own, ns)
		}
	}
	sort.Slice(own, func(i, j int) bool { return own[i].Inode < own[j].Inode })
	return own
}
