package isolator

import (
	"path"
	"strconv"
	"strings"
)

/*
cgrouppath: where the container is accounted.

Owns     linux.cgroupsPath
Rule     Computed from the tenant's cgroup or slice and the container's id, never
         from the engine's path. A pod's container keeps the kubelet's path, if
         that is the container's own place in its pod's cgroup.
Because  A path with "..", of another slice or of another tenant leaves the
         tenant's limits or destroys a neighbour's cgroup (CVE-2025-47291;
         attack row 12).
Escape   none.
*/

var _ = register(Isolator{
	Name:    "cgrouppath",
	Owns:    []string{"/spec/linux/cgroupsPath"},
	Reason:  "a tenant's containers are below its cgroup",
	Leq:     func(a, b *Request) bool { return true }, // being accounted for a tenant is no right
	Rewrite: computedCgroup,
	Holds:   cgroupHolds,
})

func computedCgroup(c *Case, r *Request) error {
	if c.Facts.Engine == CRI {
		return inPodCgroup(c, r)
	}
	r.linux().CgroupsPath = c.Shape.Cgroup
	return nil
}

func cgroupHolds(c *Case, r *Request) error {
	if c.Facts.Engine == CRI {
		return inPodCgroup(c, r)
	}
	want := cgroupPath(c.Facts, r)
	if r.Spec.Linux == nil || r.Spec.Linux.CgroupsPath != want {
		return &Denial{"cgrouppath", "linux.cgroupsPath", "outside the tenant's cgroup", want, Nothing}
	}
	return nil
}

// inPodCgroup accepts the two forms that containerd's CRI plugin writes: the
// pod's folder and the id, or the pod's slice, a prefix and the id. The kubelet
// writes '-' in a slice as '_'. A component must be the pod's, not only begin
// so (runc issue 5351).
func inPodCgroup(c *Case, r *Request) error {
	asked := ""
	if r.Spec.Linux != nil {
		asked = r.Spec.Linux.CgroupsPath
	}
	pod := "pod" + c.Facts.PodUID
	ok := path.IsAbs(asked) && path.Clean(asked) == asked && path.Base(path.Dir(asked)) == pod && path.Base(asked) == c.Facts.ContainerID
	if slice, rest, systemd := strings.Cut(asked, ":"); systemd {
		_, id, _ := strings.Cut(rest, ":")
		ok = !strings.Contains(asked, "/") && id == c.Facts.ContainerID &&
			strings.HasSuffix(slice, "-"+strings.ReplaceAll(pod, "-", "_")+".slice")
	}
	if ok && c.Facts.PodUID != "" {
		return nil
	}
	return &Denial{"cgrouppath", "linux.cgroupsPath", strconv.Quote(asked), "the container's place in the cgroup of its pod", Nothing}
}
