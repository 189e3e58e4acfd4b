package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// needsResource skips a test where root cannot set the limits of another user's
// process, as a delegate does for a container with users of its own.
func needsResource(t *testing.T) {
	t.Helper()
	if may, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_SYS_RESOURCE, 0, 0, 0); err != nil || may != 1 {
		t.Skip("root lacks CAP_SYS_RESOURCE here: make test-vm")
	}
}

// usersFrom are users of a pod's own, as a kubelet asks for them where a pod has
// `hostUsers: false`.
func usersFrom(first uint32) *cri.UserNamespace {
	ids := []*cri.IDMapping{{HostId: first, Length: 65536}}
	return &cri.UserNamespace{Mode: cri.NamespaceMode_POD, Uids: ids, Gids: ids}
}

func withUsers(first uint32) func(*cri.PodSandboxConfig) {
	return func(c *cri.PodSandboxConfig) {
		c.Linux.SecurityContext.NamespaceOptions.UsernsOptions = usersFrom(first)
	}
}

// onDisk gives the world's kubelet a folder on a disk, as a node has one: before
// 6.3 the kernel maps no IDs of a file system in memory.
func (s *criStage) onDisk() {
	s.Helper()
	const folder = "/var/lib/kubelet"
	disk := filepath.Join(s.Dir(), "kubelet")
	s.must(os.MkdirAll(disk, 0o755))
	s.must(s.Do(func() error {
		return errors.Join(os.MkdirAll(folder, 0o755), unix.Mount(disk, folder, "", unix.MS_BIND, ""))
	}))
	s.Cleanup(func() { s.must(s.Do(func() error { return unix.Unmount(folder, unix.MNT_DETACH) })) })
}

// A pod with `hostUsers: false` has IDs of its own on the node, and everything
// else that a tenant's pod has. Its volume has the IDs that the pod sees.
func TestCRIPodHasUsersOfItsOwn(t *testing.T) {
	needsResource(t)
	onEachCRI(t, func(s *criStage) {
		if !s.Engine.Modern() {
			s.Skip("this containerd takes no users of a pod")
		}
		s.onDisk()
		for i, handler := range []string{pods.ByType, pods.Stock} {
			first := uint32(i+1) << 20
			p := s.pod(acmePods, handler, withUsers(first))
			volume, err := p.Volume("work")
			s.must(err)
			ids := usersFrom(first)
			c := p.sleeper(func(c *cri.ContainerConfig) {
				c.Mounts = append(c.Mounts, &cri.Mount{ContainerPath: "/work", HostPath: volume, UidMappings: ids.Uids, GidMappings: ids.Gids})
			})
			s.ownUsers(c, first)
			c.run("echo kept >/work/file")
			var written unix.Stat_t
			s.must(s.Do(func() error { return unix.Stat(filepath.Join(volume, "file"), &written) }))
			if written.Uid != 0 {
				s.Errorf("%s: on the volume its root's file is user %d's, want root's, as in the pod", handler, written.Uid)
			}
			if handler == pods.Stock {
				continue
			}
			if got, want := c.limits(), (limits{64 * mi, 4096, 1000}); got != want {
				s.Errorf("%s: it has %+v, want %+v", handler, got, want)
			}
			s.must(c.Update(s.ctx, &cri.LinuxContainerResources{MemoryLimitInBytes: 1024 * mi, CpuPeriod: 100000, CpuQuota: 400000}))
			if got, want := c.limits(), (limits{256 * mi, 4096, 1000}); got != want {
				s.Errorf("%s: after an update it has %+v, want %+v", handler, got, want)
			}
			_, err = s.try(globexPods, handler, withUsers(first))
			s.refused(err, "refused by userns: ")
		}
		res, err := s.Bulkhead(s.ctx, "verify")
		s.must(err)
		if res.Code != 0 {
			s.Errorf("verify ends with %d:\n%s%s", res.Code, res.Stdout, res.Stderr)
		}
	})
}

// ownUsers expects a container, and what is executed in it, to have these IDs.
func (s *criStage) ownUsers(c *criContainer, first uint32) {
	s.Helper()
	want := fmt.Sprintf("0 %d 65536", first)
	of := filepath.Join("/proc", strconv.Itoa(c.pid()))
	for _, kind := range []string{"uid", "gid"} {
		seen, err := os.ReadFile(filepath.Join(of, kind+"_map"))
		s.must(err)
		if got := strings.Join(strings.Fields(string(seen)), " "); got != want {
			s.Errorf("its %s_map is %q, want %q", kind, got, want)
		}
	}
	if got := strings.Join(strings.Fields(c.run("cat /proc/self/uid_map /proc/self/gid_map; id -u")), " "); got != want+" "+want+" 0" {
		s.Errorf("an exec has %q, want %q of both kinds, and to be root there", got, want)
	}
	var there unix.Stat_t
	s.must(unix.Stat(of, &there))
	if there.Uid != first || there.Gid != first {
		s.Errorf("on the node it is user %d of group %d, want %d", there.Uid, there.Gid, first)
	}
}
