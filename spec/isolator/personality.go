package isolator

import (
	"fmt"
	"slices"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

/*
personality: the execution domain.

Owns     linux.personality
Rule     LINUX or LINUX32 without flags.
Because  ADDR_NO_RANDOMIZE and READ_IMPLIES_EXEC switch off what makes a fault
         of a program hard to use (personality(2); attack row 42). Today's
         delegates ignore flags, of which runtime-spec 1.3 defines none.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "personality",
	Owns:    []string{"/spec/linux/personality"},
	Reason:  "weakens the hardening of programs",
	Leq:     personalityLeq,
	Rewrite: func(_ *Case, r *Request) error { return plainPersonality(r) },
	Holds:   func(_ *Case, r *Request) error { return plainPersonality(r) },
})

func plainPersonality(r *Request) error {
	p := valueOf(r.Spec.Linux).Personality
	switch {
	case p == nil:
		return nil
	case p.Domain != specs.PerLinux && p.Domain != specs.PerLinux32:
		return &Denial{"personality", "linux.personality.domain", strconv.Quote(string(p.Domain)), "LINUX or LINUX32", Nothing}
	case len(p.Flags) > 0:
		return &Denial{"personality", "linux.personality.flags", fmt.Sprintf("%q", p.Flags), "none", Nothing}
	}
	return nil
}

// personalityLeq: of a plain one, 32 bits or not is no right; any other
// compares only with itself.
func personalityLeq(a, b *Request) bool {
	if plainPersonality(a) == nil {
		return true
	}
	x, y := valueOf(a.Spec.Linux).Personality, valueOf(b.Spec.Linux).Personality
	return y != nil && x.Domain == y.Domain && slices.Equal(x.Flags, y.Flags)
}
