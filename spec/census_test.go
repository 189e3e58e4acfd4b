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

var update = flag.Bool("update", false, "write what these tests compare with: the census and docs/isolators.md")

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
	return all
}

// TestEveryFieldHasOneOwner fails when runtime-spec grows a field, also one
// below a pointer that is owned: somebody has to read what it does, let its
// owner decide it, and then write the census anew.
func TestEveryFieldHasOneOwner(t *testing.T) {
	all := claims()
	var census strings.Builder
	used := map[claim]bool{}
	for _, leaf := range withPrefixes(leaves(reflect.TypeFor[isolator.Request](), ""), all) {
		var owners []string
		for _, c := range all {
			if c.pointer == leaf || covers(c.pointer, leaf) && !isPrefix(leaf) {
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

// withPrefixes adds the prefixes of keys that are owned apart from their map,
// each after its map.
func withPrefixes(leaves []string, all []claim) []string {
	var more []string
	for _, leaf := range leaves {
		more = append(more, leaf)
		for _, c := range all {
			if keys, ok := strings.CutPrefix(c.pointer, strings.TrimSuffix(leaf, "*")); ok && isPrefix(c.pointer) && !strings.Contains(keys, "/") {
				more = append(more, c.pointer)
			}
		}
	}
	return more
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
// component of a pointer may be a prefix of keys; who owns the map has the
// other keys.
func overlap(a, b string) bool {
	if isPrefix(a) && above(a) == b || isPrefix(b) && above(b) == a {
		return false
	}
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
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl", false},
		{"/spec/linux/sysctl/user.*", "/spec/linux", true},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/user.max_*", true},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/*", true},
		{"/spec/linux/sysctl/user.*", "/spec/linux/sysctl/user.max_pids", true},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("overlap(%s, %s) is not %v", c.a, c.b, c.want)
		}
	}
}

func TestNothingPassesWithoutAReason(t *testing.T) {
	for p, reason := range spec.Passthrough {
		if reason == "" {
			t.Errorf("%s passes without a reason", p)
		}
	}
}
