package spec_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/internal/fixture"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// What a denial says would allow it does, or it says that nothing does.
func TestEveryDenialNamesWhatLiftsIt(t *testing.T) {
	t.Parallel()
	paths, err := fixture.Paths(filepath.Join("isolator", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	lifted, nothing, unwritten := 0, 0, map[string]int{}
	for _, path := range paths {
		f, err := fixture.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		out, err := f.Decide()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range out.Denials {
			if d.Allow == isolator.Nothing {
				nothing++
				continue
			}
			g, err := f.Granted(d)
			if err != nil {
				t.Errorf("%s: %s: %v", path, d, err)
				continue
			}
			if g == nil {
				unwritten[d.Allow]++
				continue
			}
			found(g)
			after, err := g.Decide()
			if err != nil {
				t.Fatal(err)
			}
			still := func(e *isolator.Denial) bool { return e.Isolator == d.Isolator && e.Path == d.Path && e.Got == d.Got }
			if slices.ContainsFunc(after.Denials, still) {
				t.Errorf("%s: %s\nand with it in the policy it says the same", path, d)
				continue
			}
			lifted++
		}
	}
	t.Logf("of the denials in fixtures, what %d name lifts them, %d say that nothing does, and these name a key that needs a value: %v", lifted, nothing, unwritten)
}

// found adds what the node would find of the paths that the policy grants by
// now: folders of root's.
func found(g *fixture.Fixture) {
	if g.Request == nil {
		return
	}
	for _, m := range g.Request.Spec.Mounts {
		if _, known := g.Facts.Files[m.Source]; !known && m.Source != "" {
			g.Facts.Files[m.Source] = isolator.File{Kind: isolator.Folder, Real: m.Source, Guarded: true}
		}
	}
}
