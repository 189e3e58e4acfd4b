package isolator_test

import (
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// identity returns what the isolator of that name says of a process.
func identity(p *specs.Process) error {
	all := isolator.All()
	i := slices.IndexFunc(all, func(i isolator.Isolator) bool { return i.Name == "identity" })
	r := &isolator.Request{Spec: &specs.Spec{Process: p}}
	return all[i].Rewrite(isolator.NewCase(&tenant.Policy{}, &tenant.Node{}, isolator.Facts{}, r), r)
}

// execve(2) counts each string with the NUL that ends it.
func TestEnvironmentIsBoundInSize(t *testing.T) {
	const most = 2 << 20
	for name, c := range map[string]struct {
		env    []string
		denied bool
	}{
		"all that a program is given":      {[]string{"A=" + strings.Repeat("x", most-3)}, false},
		"one more":                         {[]string{"A=" + strings.Repeat("x", most-2)}, true},
		"many, all of it":                  {slices.Repeat([]string{"A=12345"}, most/8), false},
		"many, and an empty one":           {append(slices.Repeat([]string{"A=12345"}, most/8), ""), true},
		"nothing but the NULs that end it": {make([]string, most+1), true},
	} {
		if err := identity(&specs.Process{Cwd: "/", Env: c.env}); (err != nil) != c.denied {
			t.Errorf("%s: %v, want denied %v", name, err, c.denied)
		}
	}
}

// Whatever is wrong with an environment, its values are for the workload alone.
func TestDenialsDoNotShowValues(t *testing.T) {
	const secret = "hunter2"
	for _, entry := range []string{
		"PASSWORD=" + secret + "\x00",
		"HOME=" + secret + "\n",
		secret + "\n=x",
		secret + "\x00",
		"\x1b" + secret,
		"PASSWORD-" + secret + "\n",
		strings.Repeat(secret, 10) + "\x00",
	} {
		err := identity(&specs.Process{Cwd: "/", Env: []string{"A=1", entry}})
		if err == nil {
			t.Errorf("%.40q is accepted", entry)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the denial shows the value: %.200v", err)
		}
	}
}

// One request cannot make an endless sentence.
func TestDenialsAreShort(t *testing.T) {
	groups := slices.Repeat([]uint32{1 << 31}, 10_000)
	err := identity(&specs.Process{
		User: specs.User{UID: 1 << 31, GID: 1 << 31, AdditionalGids: groups}, Cwd: "/proc/1", Env: slices.Repeat([]string{"A=\x00"}, 10_000),
	})
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("%.300v", err)
	}
}
