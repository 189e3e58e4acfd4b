package spec_test

import (
	"bytes"
	"encoding/json"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Each target takes what an engine hands in as bytes, and a seed that chooses
// policy and facts and changes the input where bytes alone seldom would. `go
// test` runs the fixtures themselves.

// FuzzDecode: what is accepted is understood; written and read again it is the same.
func FuzzDecode(f *testing.F) {
	g := newGenerator(f, 0)
	for _, r := range g.engines {
		f.Add(encoded(f, r.Spec))
	}
	for _, x := range g.fixtures {
		f.Add(encoded(f, requestOf(x).Spec))
	}
	f.Add([]byte(`{"ociVersion":"1","ociversion":"2"}`))
	f.Add([]byte(`{} {}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := new(specs.Spec)
		if spec.Decode(data, s) != nil {
			return
		}
		once := encoded(t, s)
		again := new(specs.Spec)
		if err := spec.Decode(once, again); err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice := encoded(t, again); !bytes.Equal(once, twice) {
			t.Errorf("read again it is another:\n%s\n%s", once, twice)
		}
	})
}

// FuzzRewrite: laws 1 and 2.
func FuzzRewrite(f *testing.F) {
	g := newGenerator(f, 0)
	for n, r := range g.engines {
		f.Add(encoded(f, r), uint64(n))
	}
	for n, x := range g.fixtures {
		f.Add(encoded(f, requestOf(x)), uint64(n))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		asked := new(isolator.Request)
		if spec.Decode(data, asked) != nil || asked.Spec == nil {
			return
		}
		g := newGenerator(t, seed)
		g.stir(asked)
		c := g.caseOf(asked)
		before := encoded(t, asked)
		r, res, err := spec.Rewrite(c)
		if err != nil {
			t.Fatal(err)
		}
		if after := encoded(t, asked); !bytes.Equal(before, after) {
			t.Errorf("the request as it came changed:\n%s\n%s", before, after)
		}
		if len(res.Denials) > 0 {
			return
		}
		for _, i := range isolator.All() {
			if !i.Leq(r, asked) {
				t.Errorf("%s gives more than was asked for:\n asked %s\n got   %s\n policy %s", i.Name, owned(asked, i), owned(r, i), inJSON(c.Policy))
			}
		}
		again, res, err := spec.Rewrite(isolator.NewCase(c.Policy, c.Node, c.Facts, r))
		if err != nil || len(res.Denials) > 0 {
			t.Fatalf("what was made is refused: %v %v", err, res.Denials)
		}
		if once, twice := encoded(t, r), encoded(t, again); !bytes.Equal(once, twice) {
			t.Errorf("what was made is changed:\n%s\n%s", once, twice)
		}
	})
}

// FuzzExec: law 5.
func FuzzExec(f *testing.F) {
	for _, x := range newGenerator(f, 0).fixtures {
		if x.Exec != nil {
			f.Add(encoded(f, x.Exec.Created), encoded(f, x.Exec.Process), uint64(0))
		}
	}
	f.Fuzz(func(t *testing.T, created, process []byte, seed uint64) {
		held, asked := new(specs.Process), new(specs.Process)
		if spec.Decode(created, held) != nil || spec.Decode(process, asked) != nil {
			return
		}
		g := newGenerator(t, seed)
		asked = g.stirred(ofProcess(asked)).Spec.Process
		like := g.create()
		c := &isolator.Case{Policy: like.Policy, Node: like.Node, Facts: like.Facts, Created: &isolator.Created{Process: held}}
		p, res, err := spec.RewriteExec(c, asked)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Denials) > 0 {
			return
		}
		for _, i := range isolator.All() {
			if i.Exec != nil && !(i.Leq(ofProcess(p), ofProcess(asked)) && i.Leq(ofProcess(p), ofProcess(holding(held)))) {
				t.Errorf("%s gives an exec too much:\n asked %s\n holds %s\n got   %s", i.Name, encoded(t, asked), created, encoded(t, p))
			}
		}
	})
}

// FuzzUpdate: an update ends within the tenant.
func FuzzUpdate(f *testing.F) {
	for _, x := range newGenerator(f, 0).fixtures {
		if x.Update != nil {
			f.Add(encoded(f, x.Update.Created), encoded(f, x.Update.Update), uint64(0))
		}
	}
	f.Fuzz(func(t *testing.T, created, update []byte, seed uint64) {
		held, asked := new(specs.LinuxResources), new(specs.LinuxResources)
		if json.Unmarshal(created, held) != nil || json.Unmarshal(update, asked) != nil {
			return
		}
		g := newGenerator(t, seed)
		asked = g.stirred(ofResources(asked)).Spec.Linux.Resources
		like := g.create()
		c := &isolator.Case{Policy: like.Policy, Node: like.Node, Facts: like.Facts, Created: &isolator.Created{Resources: held}}
		r, res, err := spec.RewriteUpdate(c, asked)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Denials) > 0 {
			return
		}
		most := ofResources(merged(t, c, asked))
		for _, i := range isolator.All() {
			if i.Update == nil {
				continue
			}
			if err := i.Holds(c, ofResources(r)); err != nil {
				t.Errorf("%s: %v\n created %s\n update %s\n got %s", i.Name, err, created, encoded(t, asked), encoded(t, r))
			}
			if !i.Leq(ofResources(r), most) {
				t.Errorf("%s gives an update more than was asked for:\n asked %s\n got   %s", i.Name, owned(most, i), owned(ofResources(r), i))
			}
		}
	})
}

// stirred is a request with some changes, and all the parts that may be missing.
func (g *generator) stirred(r *isolator.Request) *isolator.Request {
	g.stir(r)
	for _, pointer := range []string{"/spec/process/cwd", "/spec/linux/resources/cpu"} {
		place(r, pointer)
	}
	return r
}
