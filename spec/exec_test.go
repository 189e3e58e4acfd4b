package spec_test

import (
	"bytes"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// exec makes the case of an exec.
func (g *generator) exec(t testing.TB) (*isolator.Case, *specs.Process) {
	t.Helper()
	if g.start != nil && g.start.Exec != nil {
		return g.start.Case(), g.start.Exec.Process
	}
	c := g.create()
	r, _, err := spec.RewriteWith(c, isolator.All())
	if err != nil {
		t.Fatal(err)
	}
	return inContainer(c, r), g.process()
}

func (g *generator) process() *specs.Process {
	if g.start != nil && g.start.Exec != nil {
		return g.start.Exec.Process
	}
	if p := g.request().Spec.Process; p != nil {
		return p
	}
	return new(specs.Process)
}

// Law 5: an exec has no more than it asked for, than its container holds, and
// than its tenant may have now, which may be less than when the container was
// created.
func TestExecIsMeet(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		create, asked, now := g.create(), g.process(), g.policy()
		for _, i := range isolator.All() {
			if i.Exec == nil {
				continue
			}
			r, denials := rewrite(t, create, i)
			if len(denials) > 0 || r.Spec.Process == nil {
				continue
			}
			c := inContainer(create, r)
			if i.Name != "privileges" { // a label cannot be lowered: an exec has its container's
				c.Policy = now
			}
			p, res := exec(t, c, asked, i)
			if len(res.Denials) > 0 {
				continue
			}
			got := ofProcess(p)
			for what, most := range map[string]*specs.Process{"was asked for": asked, "its container holds": holding(c.Created.Process)} {
				if !i.Leq(got, ofProcess(most)) {
					t.Errorf("%s gives an exec more than %s:\n got  %s\n most %s", i.Name, what, owned(got, i), owned(ofProcess(most), i))
				}
			}
			if err := i.Holds(c, got); err != nil {
				t.Errorf("%s: %v\n asked %s\n got   %s", i.Name, err, owned(ofProcess(asked), i), owned(got, i))
			}
			if again, _ := exec(t, c, p, i); !bytes.Equal(encoded(t, p), encoded(t, again)) {
				t.Errorf("%s changes what it made:\n once  %s\n twice %s", i.Name, encoded(t, p), encoded(t, again))
			}
		}
	})
}

// Running work is not broken: under the policy that a container was accepted
// with, its own process is accepted as it is.
func TestExecOfWhatTheContainerHoldsIsUnchanged(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		create := g.create()
		for _, i := range isolator.All() {
			r, denials := rewrite(t, create, i)
			if i.Exec == nil || len(denials) > 0 || r.Spec.Process == nil {
				continue
			}
			c := inContainer(create, r)
			p, res := exec(t, c, c.Created.Process, i)
			if len(res.Denials)+len(res.Changes) > 0 {
				t.Errorf("%s: %v %v\n holds %s\n got   %s", i.Name, res.Denials, inJSON(res.Changes), owned(r, i), owned(ofProcess(p), i))
			}
		}
	})
}

// inContainer is the case of an exec in a container that was created so.
func inContainer(create *isolator.Case, r *isolator.Request) *isolator.Case {
	created := new(specs.Process)
	if r.Spec.Process != nil {
		created = copyOf(r.Spec.Process)
	}
	for i, l := range created.Rlimits {
		created.Rlimits[i].Soft = min(l.Soft, l.Hard) // else setrlimit(2) fails and nothing runs
	}
	return &isolator.Case{Policy: create.Policy, Node: create.Node, Facts: create.Facts, Created: &isolator.Created{Process: created}}
}

func exec(t *testing.T, c *isolator.Case, asked *specs.Process, i isolator.Isolator) (*specs.Process, spec.Result) {
	t.Helper()
	p, res, err := spec.RewriteExecWith(c, asked, []isolator.Isolator{i})
	if err != nil {
		t.Fatalf("%s: %v", i.Name, err)
	}
	return p, res
}

// holding is the most that a process of a container can have: one that runs as
// root in a container of another user has what its bounding set leaves.
func holding(created *specs.Process) *specs.Process {
	p := copyOf(created)
	if c := p.Capabilities; c != nil {
		c.Effective, c.Permitted = c.Bounding, c.Bounding
	}
	return p
}
