package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// folders hold what tests, shims, delegates and engines would leave; each with
// what a name there must begin with to be of interest.
var folders = []struct{ path, prefix string }{
	{os.TempDir(), node.Prefix},
	{os.TempDir(), "bulkhead-vm-"},
	{os.TempDir(), "runc-process"}, // go-runc's, for an exec
	{os.TempDir(), "pty"},          // go-runc's, for a terminal
	{os.TempDir(), "ctd-"},         // containerd's, for a checkpoint
	{"/run/containerd/runc", node.Prefix},
	{"/run/netns", ""},
	{"/run", "bulkhead"},
	{"/run", "nri"},
	{"/var/lib", "bulkhead"},
	{"/var/lib", "containerd"},
	{"/var/lib", "containers"},
	{"/var/lib", "docker"},
	{"/var/lib", "kubelet"},
	{"/run", "crun"},
	{"/run", "containers"},
	{"/run", "libpod"},
	{"/etc", "docker"},
	{"/etc", "containers"},
	{"/var/log", "bulkhead"},
	{"/etc", "bulkhead"},
	{"/opt", "containerd"},
}

// look returns everything on the machine that the tests could have made. A
// user's own engines may come and go meanwhile, so only what cannot be theirs.
func look() map[string]bool {
	found := map[string]bool{}
	for _, f := range folders {
		entries, _ := os.ReadDir(f.path) // what is not there holds nothing
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), f.prefix) {
				found[filepath.Join(f.path, e.Name())] = true
			}
		}
	}
	for _, s := range deadSockets("/run/containerd/s") {
		found["socket "+s] = true
	}
	for _, c := range host.CgroupsNamed(func(name string) bool { return strings.HasPrefix(name, "bulkhead") }) {
		found["cgroup "+c] = true
	}
	for _, dir := range []string{os.TempDir(), "/run/netns"} {
		for _, m := range host.MountsBelow(dir) {
			found["mount "+m] = true
		}
	}
	return found
}

// deadSockets are those on which nobody listens: a living shim may be anybody's.
func deadSockets(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var dead []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		c, err := net.Dial("unix", path)
		if err != nil {
			dead = append(dead, path)
			continue
		}
		c.Close()
	}
	return dead
}

// ofTheGoCommand is a process that go starts beside every command and that
// outlives it: it sends Go's own telemetry, where the user agreed.
func ofTheGoCommand(pid int) bool { return filepath.Base(host.Program(pid)) == "go" }
