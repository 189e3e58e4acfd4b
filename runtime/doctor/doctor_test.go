package doctor

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func thisNode(t *testing.T) *Node {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: may make a cgroup to look at")
	}
	if cgroup.Driver() == "systemd" {
		t.Skip("slices are made by the operator's program; the tests with real engines have it")
	}
	n, err := Look(runtime.New(tenant.Root(t.TempDir()), runtime.Execute))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryCheckLooksAtThisNodeAndSaysHowToGetWhatIsMissing(t *testing.T) {
	n := thisNode(t)
	results, err := Run(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(results, func(a, b Result) int { return strings.Compare(a.Check, b.Check) }) {
		t.Error("the results are not sorted by their checks")
	}
	for _, r := range results {
		switch whole := r.Means != "" && r.Fix != ""; {
		case r.What == "" || r.Level != OK && !whole:
			t.Errorf("%+v: a finding says what, what it means and how to get it", r)
		case r.Level == OK && (r.Means != "" || r.Fix != ""):
			t.Errorf("%+v: nothing to get", r)
		}
	}
	for _, name := range []string{"cgroups", "controllers", "capabilities"} {
		if !slices.ContainsFunc(results, func(r Result) bool { return r.Check == name }) {
			t.Errorf("check %s says nothing", name)
		}
	}
}

func TestACheckThatCannotLookStopsNoOther(t *testing.T) {
	blind := errors.New("no light")
	results, err := run(context.Background(), &Node{}, []Check{
		{"b", func(context.Context, *Node) ([]Result, error) { return ok("seen"), nil }},
		{"a", func(context.Context, *Node) ([]Result, error) { return nil, blind }},
	})
	if !errors.Is(err, blind) || err.Error() != "a: no light" {
		t.Errorf("got %v", err)
	}
	if want := []Result{{Check: "b", Level: OK, What: "seen"}}; !slices.Equal(results, want) {
		t.Errorf("got %+v, want %+v", results, want)
	}
}

// levelOf is the worst level of a check of a node.
func levelOf(t *testing.T, check func(context.Context, *Node) ([]Result, error), facts isolator.NodeFacts) Level {
	t.Helper()
	results, err := check(context.Background(), &Node{Facts: facts, Tree: cgroup.New(tenant.Root(t.TempDir()), nil)})
	if err != nil {
		t.Fatal(err)
	}
	worst := OK
	for _, r := range results {
		if r.Level == Failure || r.Level == Warning && worst == OK {
			worst = r.Level
		}
	}
	return worst
}

func TestMissingControllers(t *testing.T) {
	all := []string{"cpu", "memory", "pids", "hugetlb", "blkio", "cpuset", "freezer"}
	v2 := []string{"cpu", "memory", "pids", "hugetlb", "io", "cpuset"}
	without := func(name string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(c string) bool { return c == name })
	}
	for _, c := range []struct {
		mode        string
		controllers []string
		want        Level
	}{
		{"v1", all, OK}, {"v2", v2, OK}, {"v2", all, Warning},
		{"hybrid", without("pids"), Failure}, {"hybrid", without("memory"), Failure},
		{"v1", without("hugetlb"), Warning}, {"v1", nil, Failure},
	} {
		if got := levelOf(t, checkControllers, isolator.NodeFacts{Cgroup: c.mode, Controllers: c.controllers}); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.mode, c.controllers, got, c.want)
		}
	}
	if got := levelOf(t, checkKill, isolator.NodeFacts{Cgroup: "v1", Controllers: without("freezer")}); got != Failure {
		t.Errorf("without the freezer a tenant can be killed: %s", got)
	}
}

func TestHowToGetAControllerFollowsFromWhatTheKernelSays(t *testing.T) {
	const known = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t8\t1\nmemory\t0\t8\t0\npids\t8\t8\t1\n"
	for _, c := range []struct {
		name string
		v2   bool
		want string
	}{
		{"memory", true, "boot without cgroup_disable=memory"},
		{"memory", false, "boot without cgroup_disable=memory"},
		{"pids", true, "unmount it as cgroup v1, which it is in use as: see /proc/mounts"},
		{"cpu", true, "enable it in the cgroup around this node (cgroup.subtree_control)"},
		{"cpu", false, "mkdir -p /sys/fs/cgroup/cpu && mount -t cgroup -o cpu cgroup /sys/fs/cgroup/cpu"},
		{"hugetlb", false, "a kernel built with CONFIG_X"},
	} {
		if got := howToGet(known, c.name, "CONFIG_X", c.v2); got != c.want {
			t.Errorf("%s, v2 %v: %s, want %s", c.name, c.v2, got, c.want)
		}
	}
}

func TestMissingCapability(t *testing.T) {
	var all []string
	for _, c := range needs {
		all = append(all, c.name)
	}
	if got := levelOf(t, checkCapabilities, isolator.NodeFacts{Capabilities: all}); got != OK {
		t.Errorf("with all: %s", got)
	}
	for i, c := range needs {
		if got := levelOf(t, checkCapabilities, isolator.NodeFacts{Capabilities: slices.Delete(slices.Clone(all), i, i+1)}); got != c.level {
			t.Errorf("without %s: %s, want %s", c.name, got, c.level)
		}
	}
}

func TestDisksThatAreSharedByWeight(t *testing.T) {
	some := []string{"none", "mq-deadline"}
	for name, c := range map[string]struct {
		disk    cgroup.BlockDevice
		weighs  bool
		level   Level
		fixHas  string
		fixOmit string
	}{
		"bfq":             {cgroup.BlockDevice{Scheduler: "bfq"}, true, OK, "", ""},
		"bfq alone":       {cgroup.BlockDevice{Scheduler: "bfq", Schedulers: []string{"bfq"}}, false, Warning, "CONFIG_BFQ_GROUP_IOSCHED", "echo bfq"},
		"io.cost":         {cgroup.BlockDevice{Scheduler: "none", CostModel: true, CostOffered: true}, false, OK, "", ""},
		"bfq not in use":  {cgroup.BlockDevice{Scheduler: "mq-deadline", Schedulers: append(some, "bfq")}, false, Warning, "echo bfq", "io.cost"},
		"bfq not loaded":  {cgroup.BlockDevice{Scheduler: "none", Schedulers: some}, false, Warning, "modprobe bfq && echo bfq", ""},
		"a model unused":  {cgroup.BlockDevice{Scheduler: "none", Major: 8, Schedulers: some, CostOffered: true}, false, Warning, `echo "8:0 enable=1" > /sys/fs/cgroup/io.cost.qos`, ""},
		"no queue at all": {cgroup.BlockDevice{}, false, Warning, "modprobe", ""},
	} {
		r := weightOf(c.disk, c.weighs)
		if r.Level != c.level || !strings.Contains(r.Fix, c.fixHas) || c.fixOmit != "" && strings.Contains(r.Fix, c.fixOmit) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
