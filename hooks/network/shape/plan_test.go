package shape

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is planned into the fixtures")

// A fixture has what is there, what shall be, and the lines of ip and tc that
// lead from the one to the other.
type fixture struct {
	path       string
	archive    *txtar.Archive
	have, want Tree
}

func fixtures(t *testing.T) []fixture {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []fixture
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{path: path, archive: a}
		f.have = parse(t, a, "have", Tree{})
		f.want = parse(t, a, "want", f.have)
		all = append(all, f)
	}
	return all
}

// parse reads lines of "tenant name parent egress ingress", "container name egress
// ingress" and "leaf number tenant mtu". "-" is no parent.
func parse(t *testing.T, a *txtar.Archive, section string, have Tree) Tree {
	f := Family{Tenants: []Tenant{{Name: "acme"}}}
	for line := range strings.Lines(text(a, section)) {
		word := strings.Fields(line)
		number := func(i int) uint64 {
			n, err := strconv.ParseUint(word[i], 10, 64)
			if err != nil {
				t.Fatalf("%s: %q: %v", section, line, err)
			}
			return n
		}
		switch word[0] {
		case "tenant":
			f.Tenants = append(f.Tenants, Tenant{Name: word[1], Parent: strings.Trim(word[2], "-"), Limits: Limits{Rate(number(3)), Rate(number(4))}})
			if f.Tenants[0].Name == word[1] {
				f.Tenants = f.Tenants[1:]
			}
		case "container":
			i := slices.IndexFunc(f.Tenants, func(t Tenant) bool { return t.Name == word[1] })
			f.Tenants[i].Container = Limits{Rate(number(2)), Rate(number(3))}
		case "leaf":
			f.Leaves = append(f.Leaves, Leaf{uint16(number(1)), word[2], int(number(3))})
		default:
			t.Fatalf("%s: %q", section, line)
		}
	}
	tree, err := f.Tree(have)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func text(a *txtar.Archive, section string) string {
	for _, f := range a.Files {
		if f.Name == section {
			return string(f.Data)
		}
	}
	return ""
}

func lines(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

func TestPlans(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			p := Change(f.have, f.want)
			got := map[string]string{"grow": lines(p.Grow), "shrink": lines(p.Shrink)}
			if *update {
				f.archive.Files = f.archive.Files[:2]
				for _, name := range []string{"grow", "shrink"} {
					f.archive.Files = append(f.archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
				}
				if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for name, lines := range got {
				if d := cmp.Diff(text(f.archive, name), lines); d != "" {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
		})
	}
}

func TestNothingIsPlannedWhereNothingChanges(t *testing.T) {
	for _, f := range fixtures(t) {
		if p := Change(f.want, f.want); len(p.Grow)+len(p.Shrink) != 0 {
			t.Errorf("%s: %s%s", f.path, lines(p.Grow), lines(p.Shrink))
		}
	}
}
