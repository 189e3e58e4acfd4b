package seccomp

import (
	"math/rand/v2"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestLeqHoldsOnlyWhereNothingMoreIsAllowed(t *testing.T) {
	held := 0
	forGenerated(t, false, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		if !Leq(a, b) {
			a = Meet(a, b) // often comparable the other way too, where b is simple
			if a, b = b, a; !Leq(a, b) {
				return
			}
		}
		held++
		for _, c := range around(r, a, b) {
			if allows(a, c) && !allows(b, c) {
				t.Fatalf("%+v is allowed by the lesser only", c)
			}
		}
	})
	if held < rounds/20 {
		t.Errorf("only %d pairs were ordered, too few to show anything", held)
	}
}

func TestLeqIsAPreorder(t *testing.T) {
	chains := 0
	forGenerated(t, false, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		if !Leq(a, a) || !Leq(b, b) {
			t.Fatal("not below itself")
		}
		c := generator{r, false}.profile()
		low, middle := Meet(Meet(a, b), c), Meet(a, b)
		for _, top := range []*specs.LinuxSeccomp{a, b, c, nil} {
			if Leq(low, middle) && Leq(middle, top) {
				chains++
				if !Leq(low, top) {
					t.Fatal("not transitive")
				}
			}
		}
	})
	if chains < rounds {
		t.Errorf("only %d chains", chains)
	}
}

func TestLeqSeesThatADeniedCallAllowsNothing(t *testing.T) {
	if !Leq(closed(allow("read"), errno("read", 13)), closed()) {
		t.Error("a call that is allowed and denied counts as allowed")
	}
}

func TestLeqOrdersWhatARewriteMayChange(t *testing.T) {
	base := func(change func(*specs.LinuxSeccomp)) *specs.LinuxSeccomp {
		p := closed(allow("read"), allow("socket", eq(0, 2)))
		p.Architectures = []specs.Arch{specs.ArchX86_64}
		change(p)
		return p
	}
	for name, greater := range map[string]func(*specs.LinuxSeccomp){
		"one more call":           func(p *specs.LinuxSeccomp) { p.Syscalls = append(p.Syscalls, allow("bpf")) },
		"one more value":          func(p *specs.LinuxSeccomp) { p.Syscalls = append(p.Syscalls, allow("socket", eq(0, 17))) },
		"no condition":            func(p *specs.LinuxSeccomp) { p.Syscalls = append(p.Syscalls, allow("socket")) },
		"one more architecture":   func(p *specs.LinuxSeccomp) { p.Architectures = append(p.Architectures, specs.ArchX86) },
		"a mitigation off":        func(p *specs.LinuxSeccomp) { p.Flags = []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagSpecAllow} },
		"a listener":              func(p *specs.LinuxSeccomp) { p.ListenerPath = "/run/x" },
		"everything not denied":   func(p *specs.LinuxSeccomp) { p.DefaultAction = specs.ActAllow },
		"no filter in its effect": func(p *specs.LinuxSeccomp) { *p = specs.LinuxSeccomp{} },
	} {
		less, more := base(func(*specs.LinuxSeccomp) {}), base(greater)
		if !Leq(less, more) {
			t.Errorf("%s: the lesser is not below", name)
		}
		if Leq(more, less) {
			t.Errorf("%s: the greater is below", name)
		}
	}
}
