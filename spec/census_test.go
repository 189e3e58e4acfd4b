package spec_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

var update = flag.Bool("update", false, "write the census to testdata")

// undecided is how much nobody owns yet. Lower it with spec.Undecided.
const undecided = 28

type claim struct{ owner, pointer string }

// claims lists who owns what.
func claims() []claim {
	var all []claim
	for _, i := range isolator.All() {
		for _, p := range i.Owns {
			all = append(all, claim{i.Name, p})
		}
	}
	for p := range spec.Passthrough {
		all = append(all, claim{"passthrough", p})
	}
	for _, p := range spec.Undecided {
		all = append(all, claim{"undecided", p})
	}
	return all
}

// TestEveryFieldHasOneOwner fails when runtime-spec grows a field, also one
// below a pointer that is owned: somebody has to read what it does, let its
// owner decide it, and then write the census anew.
func TestEveryFieldHasOneOwner(t *testing.T) {
	all := claims()
	var census strings.Builder
	used := map[claim]bool{}
	for _, leaf := range leaves(reflect.TypeFor[isolator.Request](), "") {
		var owners []string
		for _, c := range all {
			if covers(c.pointer, leaf) {
				owners = append(owners, c.owner)
				used[c] = true
			}
		}
		if len(owners) != 1 {
			t.Errorf("%s has owners %v, want one", leaf, owners)
		}
		fmt.Fprintln(&census, leaf, strings.Join(owners, " "))
	}
	for _, c := range all {
		if !used[c] {
			t.Errorf("%s owns %s, which no request has", c.owner, c.pointer)
		}
	}
	golden := filepath.Join("testdata", "census.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(census.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff("decided", want, "now", []byte(census.String())); d != nil {
		t.Errorf("decide these, then go test -update:\n%s", d)
	}
}

func TestOwnersAreDisjoint(t *testing.T) {
	all := claims()
	for n, a := range all {
		for _, b := range all[n+1:] {
			if overlap(a.pointer, b.pointer) {
				t.Errorf("%s owns %s and %s owns %s", a.owner, a.pointer, b.owner, b.pointer)
			}
		}
	}
}

// overlap reports whether two pointers hold something in common. The last
// component of a pointer may be a prefix of keys.
func overlap(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(x), len(y)) {
		p, wildP := strings.CutSuffix(x[i], "*")
		q, wildQ := strings.CutSuffix(y[i], "*")
		same := x[i] == y[i] || wildP && strings.HasPrefix(q, p) || wildQ && strings.HasPrefix(p, q)
		if !same {
			return false
		}
	}
	return true
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"/spec/linux", "/spec/linux/sysctl", true},
		{"/spec/linux/sysctl", "/spec/linux/sysctlx", false},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/net.*", false},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/*", true},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/user.max_pids", true},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("overlap(%s, %s) is not %v", c.a, c.b, c.want)
		}
	}
}

func TestUndecidedOnlyShrinks(t *testing.T) {
	if n := len(spec.Undecided); n != undecided {
		t.Errorf("%d pointers are undecided, want %d: what is decided leaves both, what is new gets an owner", n, undecided)
	}
	for p, reason := range spec.Passthrough {
		if reason == "" {
			t.Errorf("%s passes without a reason", p)
		}
	}
}
