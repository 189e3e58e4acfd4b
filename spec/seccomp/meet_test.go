package seccomp

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

const rounds = 300 // pairs of generated profiles a test

func TestMeetIsNeverLessStrict(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for _, c := range around(r, a, b, m) {
			if got, want := verdict(m, c), stricter(a, b, c); got.class() > want.class() {
				t.Fatalf("%+v: %v, want %v", c, got, want)
			}
		}
	})
}

// What is denied beyond both is what would take too many rules.
func TestMeetIsTheStricterOfBoth(t *testing.T) {
	calls, beyond := 0, 0
	forGenerated(t, true, func(t *testing.T, r *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		for _, c := range around(r, a, b, m) {
			calls++
			if got, want := verdict(m, c), stricter(a, b, c); got.class() != want.class() {
				beyond++
			}
		}
	})
	t.Logf("%d of %d calls are denied beyond both", beyond, calls)
	if beyond > calls/20 {
		t.Error("that is more than one of 20")
	}
}

// stricter returns what the stricter of two filters does with a call.
func stricter(a, b *specs.LinuxSeccomp, c call) denial {
	second := verdict(b, c)
	return order{side{rest: second}}.stricter(verdict(a, c), second)
}

// What libseccomp gets wrong: several rules for a call, one of them with a
// comparison of order or for inequality.
func TestMeetHasNoRulesThatLibseccompGetsWrong(t *testing.T) {
	forGenerated(t, false, func(t *testing.T, _ *rand.Rand, a, b *specs.LinuxSeccomp) {
		m := Meet(a, b)
		if m.DefaultAction == specs.ActAllow {
			t.Fatal("what has no rule is allowed")
		}
		rules := map[string][]specs.LinuxSyscall{}
		for _, group := range m.Syscalls {
			for _, name := range group.Names {
				rules[name] = append(rules[name], group)
			}
		}
		for name, of := range rules {
			if len(of) > maxRules {
				t.Errorf("%d rules for %s", len(of), name)
			}
			for i, group := range of {
				if repeats(group.Args) {
					t.Errorf("%s: two conditions on one argument: %v", name, group.Args)
				}
				for _, a := range group.Args {
					if len(of) > 1 && a.Op != specs.OpEqualTo && a.Op != specs.OpMaskedEqual {
						t.Errorf("%s: %s beside another rule", name, a.Op)
					}
				}
				for _, other := range of[:i] {
					r, _ := readRules(group.Args)
					s, _ := readRules(other.Args)
					if !r[0].apart(s[0]) {
						t.Errorf("%s: %v and %v overlap", name, r, s)
					}
				}
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
			"the same filters":     Meet(a, b),
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
func forGenerated(t *testing.T, sure bool, test func(*testing.T, *rand.Rand, *specs.LinuxSeccomp, *specs.LinuxSeccomp)) {
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := generator{r, sure}
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
