package judge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	corev1 "k8s.io/api/core/v1"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// run is a fixture on a node: its specs as containerd would write them.
type run struct {
	*psaFixture
	node    *node
	sandbox *specs.Spec
	members []member
}

// start returns errNotHere for a pod that would not start on the node.
func (n *node) start(f *psaFixture) (*run, error) {
	r := &run{psaFixture: f, node: n}
	var err error
	if r.sandbox, err = n.sandboxSpec(f.pod); err != nil {
		return nil, err
	}
	for i, c := range containersOf(f.pod) {
		asked, err := n.container(f.pod, &c)
		if err != nil {
			return nil, err
		}
		s, err := n.containerSpec(f.pod, asked)
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, member{c.Name, i < len(f.pod.Spec.InitContainers), s})
	}
	return r, nil
}

func (r *run) String() string { return fmt.Sprintf("%s on %s", r.name, r.node.name) }

// back is the pod of the specs as they are.
func (r *run) back() *corev1.Pod {
	refs := r.node.facts(r.pod, sandboxID, r.sandbox).Namespaces
	return r.node.podOf(r.sandbox, r.members, func(path string) bool { return refs[path].Host })
}

// rewritten is the run under Bulkhead: the sandbox, then each container, for the
// smallest tenant of the fixture's level.
func (r *run) rewritten(t *testing.T) (*run, []decision) {
	t.Helper()
	policy, node := smallest(t, r.level)
	var all []decision
	one := func(id string, s *specs.Spec) *specs.Spec {
		asked := &isolator.Request{Spec: s, Rootfs: snapshot}
		got, res, err := spec.Rewrite(isolator.NewCase(policy, node, r.node.facts(r.pod, id, s), asked))
		if err != nil {
			t.Fatalf("%s: %s: %v", r, id, err)
		}
		all = append(all, decision{id, res.Changes, res.Denials})
		return got.Spec
	}
	out := &run{psaFixture: r.psaFixture, node: r.node, sandbox: one(sandboxID, r.sandbox)}
	for _, m := range r.members {
		out.members = append(out.members, member{m.name, m.init, one(m.name, m.spec)})
	}
	return out, all
}

var snapshot = []isolator.Mount{{Type: "overlay", Source: "overlay", Options: []string{
	"workdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/2/work",
	"upperdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/2/fs",
	"lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs",
}}}

// runs puts every fixture on every node where it would start.
func runs(t *testing.T) (all []*run, windows int) {
	t.Helper()
	fixtures, windows := podFixtures(t)
	for _, f := range fixtures {
		if why := forbidden(t, f.level, f.pod); f.pass != (why == "") {
			t.Fatalf("the judge does not agree with its own fixture %s: %q", f.name, why)
		}
		for _, n := range nodes {
			r, err := n.start(f)
			switch {
			case errors.Is(err, errNotHere):
			case err != nil:
				t.Fatalf("%s on %s: %v", f.name, n.name, err)
			default:
				all = append(all, r)
			}
		}
	}
	return all, windows
}

// The control: without a rewrite every fixture that a runtime can see keeps its
// verdict on the way there and back. What it cannot see is listed.
func TestPodsKeepTheirVerdictThereAndBack(t *testing.T) {
	all, windows := runs(t)
	verdict := map[string]bool{} // fixture to: some node shows that it fails
	for _, r := range all {
		why := forbidden(t, r.level, r.back())
		if r.pass && why != "" {
			t.Errorf("%s passes, and back again it does not: %s", r, why)
		}
		verdict[r.name] = verdict[r.name] || why != ""
	}
	count := map[string]int{}
	for name, fails := range verdict {
		level, rest, _ := strings.Cut(name, "/")
		kind := strings.SplitN(rest, "/", 2)[0]
		count[level+" "+kind]++
		if kind == "pass" {
			continue
		}
		reason, hidden := invisible[name]
		switch {
		case hidden && fails:
			t.Errorf("%s is listed as invisible (%s), and is seen", name, reason)
		case !hidden && !fails:
			t.Errorf("%s fails, and back again it passes", name)
		case hidden:
			count[level+" invisible"]++
		}
	}
	for name := range invisible {
		if _, ok := verdict[name]; !ok {
			t.Errorf("%s is listed as invisible, and is no fixture", name)
		}
	}
	for _, l := range levels {
		t.Logf("control, %s: %d passing and %d failing fixtures keep their verdict, %d failing ones cannot be seen in an OCI spec",
			l, count[string(l)+" pass"], count[string(l)+" fail"]-count[string(l)+" invisible"], count[string(l)+" invisible"])
	}
	t.Logf("control: %d fixtures for Windows left out, %d runs on %d kinds of nodes", windows, len(all), len(nodes))
}

// A level means what the Pod Security Standards say: what they forbid is
// refused or gone, what they allow starts with all of it.
func TestLevelsMeanThePodSecurityStandards(t *testing.T) {
	all, _ := runs(t)
	count := map[string]int{}
	used := map[string]bool{}
	for _, r := range all {
		got, decisions := r.rewritten(t)
		denials := refusals(decisions)
		why := forbidden(t, r.level, got.back())
		switch seen := forbidden(t, r.level, r.back()) != ""; {
		case r.pass && len(denials) > 0:
			t.Errorf("%s is allowed and refused: %v", r, denials)
		case r.pass && why != "":
			t.Errorf("%s passes, and rewritten it does not: %s", r, why)
		case r.pass:
			count[string(r.level)+" accepted"]++
			for _, name := range losses(decisions) {
				if used[name] = true; narrowings[name] == "" {
					t.Errorf("%s loses %s", r, name)
				}
			}
		case !seen:
		case len(denials) > 0:
			count[string(r.level)+" refused"]++
		case why != "":
			t.Errorf("%s is forbidden, and accepted it still is: %s", r, why)
		default:
			count[string(r.level)+" narrowed"]++
		}
	}
	for name := range narrowings {
		if !used[name] {
			t.Errorf("no fixture that passes loses %q: its reason is stale", name)
		}
	}
	for _, l := range levels {
		n := func(what string) int { return count[string(l)+" "+what] }
		t.Logf("judged, %s: of the runs that fail and show it %d were refused and %d narrowed until they pass; %d runs that pass were accepted, none was refused",
			l, n("refused"), n("narrowed"), n("accepted"))
	}
	t.Logf("judged: what pods lose that the standards would let them have, with a reason each: %q", slices.Sorted(maps.Keys(used)))
}

func refusals(all []decision) isolator.Denials {
	var denials isolator.Denials
	for _, d := range all {
		denials = append(denials, d.denials...)
	}
	return denials
}
