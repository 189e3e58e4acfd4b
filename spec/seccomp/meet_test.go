package seccomp

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

const rounds = 1000 // pairs of generated profiles a test

func TestMeetAllowsNothingThatOneDenies(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for _, c := range around(r, a, b, m) {
			if allows(m, c) && !(allows(a, c) && allows(b, c)) {
				t.Fatalf("%+v is allowed, by the first %v, by the second %v", c, allows(a, c), allows(b, c))
			}
		}
	})
}

func TestMeetKeepsAllThatBothAllow(t *testing.T) {
	forGenerated(t, true, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for _, c := range around(r, a, b, m) {
			if allows(a, c) && allows(b, c) && !allows(m, c) {
				t.Fatalf("%+v is denied", c)
			}
		}
	})
}

func TestMeetIsBelowBoth(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, _ *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		if !Leq(m, a) || !Leq(m, b) {
			t.Fatalf("below the first %v, below the second %v", Leq(m, a), Leq(m, b))
		}
	})
}

func TestMeetAgainGivesTheSameBytes(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, _ *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for name, again := range map[string]*specs.LinuxSeccomp{
			"the same order":       Meet(a, b),
			"the other order":      Meet(b, a),
			"with the first":       Meet(m, a),
			"with the second":      Meet(m, b),
			"with itself":          Meet(m, m),
			"with none":            Meet(m, nil),
			"none with it":         Meet(nil, m),
			"with an empty filter": Meet(m, &specs.LinuxSeccomp{}),
		} {
			if d := cmp.Diff(text(t, m), text(t, again)); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	})
}

func TestMeetDeniesAWholeCallAsTheStricterDoes(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, _ *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for i := range 5 {
			name := fmt.Sprintf("call%d", i)
			got, _ := deniedAs(m, name)
			for _, p := range []*specs.LinuxSeccomp{a, b} {
				if want, ok := deniedAs(p, name); ok && stricter(got, want) != got {
					t.Fatalf("%s is denied with %v, want at least %v", name, got, want)
				}
			}
		}
	})
}

func TestMeetHasNoListenerAndNoWeakFlag(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, _ *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		if m.ListenerPath != "" || m.ListenerMetadata != "" {
			t.Fatal("a listener was kept")
		}
		for _, f := range m.Flags {
			if f != specs.LinuxSeccompFlagLog && f != FlagTSync {
				t.Fatalf("flag %s was kept", f)
			}
		}
		for _, group := range m.Syscalls {
			if group.ErrnoRet != nil && *group.ErrnoRet > 4095 {
				t.Fatalf("errno %d", *group.ErrnoRet)
			}
			switch group.Action {
			case specs.ActNotify, specs.ActTrace, specs.ActLog:
				t.Fatalf("%s leaves the decision to somebody else", group.Action)
			}
		}
	})
}

func TestMeetOfNothingIsNothing(t *testing.T) {
	if m := Meet(nil, nil); m != nil {
		t.Errorf("got %v", text(t, m))
	}
	if m := Meet(nil, &specs.LinuxSeccomp{}); m != nil {
		t.Errorf("got %v", text(t, m))
	}
}

func TestPlainChangesNothingElse(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, r *rand.Rand, a, _ *specs.LinuxSeccomp) {
		before := text(t, a)
		p := Plain(a)
		if d := cmp.Diff(before, text(t, a)); d != "" {
			t.Fatalf("the engine's own changed: %s", d)
		}
		if !Leq(p, a) {
			t.Fatal("not below")
		}
		if len(harmless(p.Flags)) != len(p.Flags) || p.ListenerPath+p.ListenerMetadata != "" {
			t.Fatalf("flags %v, listener %q %q", p.Flags, p.ListenerPath, p.ListenerMetadata)
		}
		for _, c := range around(r, a) {
			if allows(p, c) != allows(a, c) {
				t.Fatalf("%+v: %v", c, allows(p, c))
			}
		}
	})
}

// forGenerated runs a test on pairs of generated profiles, always the same.
func forGenerated(t *testing.T, exact bool, test func(*testing.T, *rand.Rand, *specs.LinuxSeccomp, *specs.LinuxSeccomp)) {
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := generator{r, exact}
		a, b := g.profile(), g.profile()
		ok := t.Run("", func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("first: %s\nsecond: %s\nmeet: %s", text(t, a), text(t, b), text(t, Meet(a, b)))
				}
			}()
			test(t, r, a, b)
		})
		if !ok {
			return
		}
	}
}

func text(t *testing.T, p *specs.LinuxSeccomp) string {
	t.Helper()
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
