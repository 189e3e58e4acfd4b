package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// controllers: those that limits of tenants need.
var _ = register(Check{"controllers", checkControllers})

// needed are a controller's names on cgroup v1 and v2, what is refused without
// it, and the option of the kernel's build that brings it.
var needed = []struct {
	v1, v2 string
	level  Level
	means  string
	config string
}{
	{"cpu", "cpu", Failure, "tenants with limits.cpu do not run, and weight decides nothing", "CONFIG_CGROUP_SCHED and CONFIG_CFS_BANDWIDTH"},
	{"memory", "memory", Failure, "tenants with limits.memory do not run", "CONFIG_MEMCG"},
	{"pids", "pids", Failure, "no tenant runs: each has limits.pids", "CONFIG_CGROUP_PIDS"},
	{"hugetlb", "hugetlb", Warning, "tenants with limits.hugepages do not run, and others may use all huge pages of the node", "CONFIG_CGROUP_HUGETLB"},
	{"blkio", "io", Warning, "tenants with limits.blockIO do not run", "CONFIG_BLK_CGROUP"},
	{"cpuset", "cpuset", Warning, "cpus: Exclusive is refused", "CONFIG_CPUSETS"},
}

func checkControllers(_ context.Context, n *Node) ([]Result, error) {
	var all []Result
	var there []string
	for _, c := range needed {
		name := c.v1
		if n.v2() {
			name = c.v2
		}
		if n.has(name) {
			there = append(there, name)
			continue
		}
		known, err := os.ReadFile("/proc/cgroups")
		if err != nil {
			return nil, fmt.Errorf("find out why controller %s is missing: %w", name, err)
		}
		all = append(all, Result{
			Level: c.level, What: "controller " + name + " is missing", Means: c.means,
			Fix: howToGet(string(known), c.v1, c.config, n.v2()),
		})
	}
	if len(there) == 0 {
		return all, nil
	}
	return append(ok("%s", strings.Join(there, ", ")), all...), nil
}

// howToGet says what would bring a controller, by its name on cgroup v1, from
// /proc/cgroups: "memory 4 65 1" is name, hierarchy, number of cgroups, enabled.
func howToGet(known, name, config string, v2 bool) string {
	for line := range strings.Lines(known) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != name {
			continue
		}
		switch hierarchy, enabled := f[1], f[3]; {
		case enabled == "0":
			return "boot without cgroup_disable=" + name
		case v2 && hierarchy != "0":
			return "unmount it as cgroup v1, which it is in use as: see /proc/mounts"
		case v2:
			return "enable it in the cgroup around this node (cgroup.subtree_control)"
		default:
			at := "/sys/fs/cgroup/" + name
			return fmt.Sprintf("mkdir -p %s && mount -t cgroup -o %s cgroup %s", at, name, at)
		}
	}
	return "a kernel built with " + config
}
