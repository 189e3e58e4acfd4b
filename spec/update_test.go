package spec_test

import (
	"bytes"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// update makes the case of an update.
func (g *generator) update(t testing.TB) (*isolator.Case, *specs.LinuxResources) {
	t.Helper()
	if g.start != nil && g.start.Update != nil {
		return g.start.Case(), g.start.Update.Update
	}
	c := g.create()
	r, _, err := spec.RewriteWith(c, isolator.All())
	if err != nil {
		t.Fatal(err)
	}
	asked := new(specs.LinuxResources)
	if l := g.request().Spec.Linux; l != nil && l.Resources != nil {
		asked = l.Resources
	}
	return ofRunning(c, r), asked
}

// ofRunning is the case of an update of a container that was created so.
func ofRunning(create *isolator.Case, r *isolator.Request) *isolator.Case {
	recorded := new(specs.LinuxResources)
	if r.Spec.Linux != nil && r.Spec.Linux.Resources != nil {
		recorded = r.Spec.Linux.Resources
	}
	return &isolator.Case{Policy: create.Policy, Node: create.Node, Facts: create.Facts, Created: &isolator.Created{Resources: recorded}}
}

// The same answer everywhere: an update ends within the tenant, and gives no
// more than the container would then have without Bulkhead.
func TestUpdateNeverWidens(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		c, update := g.update(t)
		asked := ofResources(merged(t, c, update))
		for _, i := range isolator.All() {
			if i.Update == nil {
				continue
			}
			res, result, err := spec.RewriteUpdateWith(c, update, []isolator.Isolator{i})
			if err != nil {
				t.Fatalf("%s: %v", i.Name, err)
			}
			if len(result.Denials) > 0 {
				continue
			}
			got := ofResources(res)
			if !i.Leq(got, asked) {
				t.Errorf("%s gives an update more than was asked for:\n got   %s\n asked %s\n policy %s", i.Name, owned(got, i), owned(asked, i), inJSON(c.Policy))
			}
			if err := i.Holds(c, got); err != nil {
				t.Errorf("%s: %v\n asked %s\n got   %s\n policy %s", i.Name, err, owned(asked, i), owned(got, i), inJSON(c.Policy))
			}
		}
	})
}

// An update that names nothing changes nothing: what was accepted stays.
func TestEmptyUpdateChangesNothing(t *testing.T) {
	forAll(t, func(t *testing.T, g *generator) {
		create := g.create()
		for _, i := range isolator.All() {
			r, denials := rewrite(t, create, i)
			if i.Update == nil || len(denials) > 0 {
				continue
			}
			c := ofRunning(create, r)
			recorded := c.Created.Resources
			got, res, err := spec.RewriteUpdateWith(c, &specs.LinuxResources{}, []isolator.Isolator{i})
			if err != nil {
				t.Fatalf("%s: %v", i.Name, err)
			}
			if len(res.Denials) > 0 || !bytes.Equal(encoded(t, got), encoded(t, recorded)) {
				t.Errorf("%s: %v\n recorded %s\n got      %s", i.Name, res.Denials, encoded(t, recorded), encoded(t, got))
			}
		}
	})
}

func merged(t testing.TB, c *isolator.Case, update *specs.LinuxResources) *specs.LinuxResources {
	t.Helper()
	m, err := spec.Merge(c.Created.Resources, update)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
