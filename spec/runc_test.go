package spec_test

import (
	"errors"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/internal/runc"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// A rewrite of what runc takes is something that runc takes: restraint that
// makes a container fail later would be a refusal without its sentence.
func TestRuncTakesWhatIsRewritten(t *testing.T) {
	g := newGenerator(t, *seed)
	var recorded, engines, fixtures, made []*isolator.Case
	policy, node := smallest(t, "")
	for _, r := range everyRecorded(t) {
		recorded = append(recorded, isolator.NewCase(policy, node, r.facts, r.Request))
	}
	tenants := map[string]bool{}
	for _, f := range g.fixtures {
		if name := inJSON(f.Policy); !tenants[name] {
			tenants[name] = true
			for _, r := range g.engines {
				engines = append(engines, honest(isolator.NewCase(f.Policy, f.Node, f.Facts, r.Clone())))
			}
		}
		if f.Request != nil {
			fixtures = append(fixtures, isolator.NewCase(f.Policy, f.Node, f.Facts, whole(f.Request.Clone())),
				honest(isolator.NewCase(f.Policy, f.Node, f.Facts, whole(f.Request.Clone()))))
		}
	}
	for range 1000 {
		r := pick(g, g.engines).Clone()
		for range 1 + g.IntN(3) {
			g.mutate(r, pick(g, g.pointers))
		}
		if r.Spec != nil {
			made = append(made, honest(g.caseOf(r)))
		}
	}
	j := judgeOfRunc(t)
	judged(t, j, "recorded requests", recorded)
	judged(t, j, "an engine's request for every tenant of fixtures", engines)
	judged(t, j, "fixtures", fixtures)
	judged(t, j, "made requests", made)
}

// judged asks runc of each request as it came and, where that and Bulkhead
// accept it, of what was made of it.
func judged(t *testing.T, j *runc.Judge, what string, cases []*isolator.Case) {
	t.Helper()
	acceptable, accepted := 0, 0
	for _, c := range cases {
		if j.Accepts(c.Asked.Spec) != nil {
			continue
		}
		acceptable++
		r, res, err := spec.Rewrite(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Denials) > 0 {
			continue
		}
		accepted++
		if err := j.Accepts(r.Spec); err != nil {
			t.Fatalf("runc takes what was asked for and not what was made of it: %v\n asked %s\n got   %s\n policy %s", err, inJSON(c.Asked), inJSON(r), inJSON(c.Policy))
		}
	}
	if accepted == 0 {
		t.Errorf("%s: none of %d, %d of them acceptable to runc, was accepted", what, len(cases), acceptable)
	}
	t.Logf("runc, %s: %d, of which %d acceptable to runc as they came, %d of those accepted, all of them still acceptable to runc", what, len(cases), acceptable, accepted)
}

// whole adds what no engine's request lacks, and a fixture leaves out.
func whole(r *isolator.Request) *isolator.Request {
	if r.Spec.Version == "" {
		r.Spec.Version = specs.Version
	}
	if r.Spec.Root == nil {
		r.Spec.Root = &specs.Root{Path: "rootfs"}
	}
	if r.Spec.Linux == nil {
		r.Spec.Linux = new(specs.Linux)
	}
	if l := r.Spec.Linux; len(l.Namespaces) == 0 {
		for _, t := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.NetworkNamespace, specs.MountNamespace, specs.IPCNamespace, specs.UTSNamespace} {
			l.Namespaces = append(l.Namespaces, specs.LinuxNamespace{Type: t})
		}
	}
	return r
}

// honest is a case on a node where what the request names is the tenant's own,
// and without what a spec does not hold: runc reads nothing else.
func honest(c *isolator.Case) *isolator.Case {
	facts, r := c.Facts, c.Asked
	facts.Engine, facts.Sandbox, facts.IsSandbox = isolator.Containerd, "", false
	facts.Delegate.OCIVersionMax = specs.Version
	facts.Namespaces, facts.Files = map[string]isolator.NSRef{}, map[string]isolator.File{}
	r.Rootfs, r.Options, r.Stdio, r.Checkpoint = nil, isolator.Options{}, isolator.Stdio{}, isolator.Checkpoint{}
	for _, m := range r.Spec.Mounts {
		facts.Files[m.Source] = isolator.File{Kind: isolator.Folder, Real: m.Source, Guarded: true}
	}
	if l := r.Spec.Linux; l != nil {
		for _, ns := range l.Namespaces {
			facts.Namespaces[ns.Path] = isolator.NSRef{Type: ns.Type, Owner: &isolator.Owner{Tenant: c.Policy.Name, Container: "c2"}}
		}
	}
	return isolator.NewCase(c.Policy, c.Node, facts, r)
}

// The judge must be able to refuse, or its consent means nothing.
func TestRuncRefuses(t *testing.T) {
	g := newGenerator(t, 0)
	j := judgeOfRunc(t)
	for name, spoil := range map[string]func(*specs.Spec){
		"nothing":                 nil,
		"a host name on the host": func(s *specs.Spec) { s.Linux.Namespaces = []specs.LinuxNamespace{{Type: specs.MountNamespace}} },
		"a sysctl of the host":    func(s *specs.Spec) { s.Linux.Sysctl = map[string]string{"kernel.core_pattern": "x"} },
		"masks without a mount namespace": func(s *specs.Spec) {
			s.Hostname, s.Linux.Namespaces, s.Linux.MaskedPaths = "", nil, []string{"/proc/kcore"}
		},
		"an option that a bind cannot have": func(s *specs.Spec) {
			s.Mounts = append(s.Mounts, specs.Mount{Destination: "/x", Source: "/srv", Options: []string{"bind", "size=1"}})
		},
		"time offsets without a namespace": func(s *specs.Spec) { s.Linux.TimeOffsets = map[string]specs.LinuxTimeOffset{"boottime": {Secs: 1}} },
	} {
		s := g.engines[0].Clone().Spec
		if spoil != nil {
			spoil(s)
		}
		if err := j.Accepts(s); (err != nil) != (spoil != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func judgeOfRunc(t *testing.T) *runc.Judge {
	t.Helper()
	j := runc.NewJudge(t)
	if err := j.Accepts(new(specs.Spec)); errors.Is(err, runc.ErrNoCgo) {
		t.Skip(err)
	}
	return j
}
