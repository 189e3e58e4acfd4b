package isolator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// userLimitDenial says why a request cannot have a key at all.
func userLimitDenial(c *Case, r *Request, key string) *Denial {
	d := &Denial{"userlimits", "linux.sysctl[" + key + "]", strconv.Quote(sysctlsOf(r)[key]), "none without a user namespace of its own", Nothing}
	privileged := c.Policy.Security.Level == tenant.Privileged
	switch whose := userNamespace(c.Facts, r); {
	case whose == Host:
		return d
	case privileged:
		return nil
	case whose == Join:
		d.Allow = "security.level: privileged"
		return d
	}
	if _, isNumber := userLimit(r, key); !isNumber {
		d.Want = "a number"
		return d
	}
	if !slices.Contains(userLimits, key) {
		d.Want = "one of " + strings.Join(userLimits, ", ")
		return d
	}
	return nil
}

// mayRemove: a tenant that is narrowed does without a limit, but whether it is
// without the limit of another's namespace is not its to say.
func mayRemove(c *Case, r *Request) bool {
	return userNamespace(c.Facts, r) == Own || !hasUserNamespace(r)
}

// userKeys are the keys of a request that the isolator owns, sorted.
func userKeys(r *Request) []string {
	foreign := func(key string) bool { return !strings.HasPrefix(key, userPrefix) }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(sysctlsOf(r))), foreign)
}

func sysctlsOf(r *Request) map[string]string { return valueOf(r.Spec.Linux).Sysctl }

// userLimit reads a limit; false: there is none, or no plain number.
func userLimit(r *Request, key string) (int64, bool) {
	text := sysctlsOf(r)[key]
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}

// userLimitsLeq: in a user namespace a limit is restraint, and an absent one
// none; without, it is a right over the node's.
func userLimitsLeq(a, b *Request) bool {
	if hasUserNamespace(a) != hasUserNamespace(b) {
		return false
	}
	for _, key := range append(userKeys(a), userKeys(b)...) {
		x, lowers := userLimit(a, key)
		y, bounds := userLimit(b, key)
		switch {
		case hasUserNamespace(a) && slices.Contains(userLimits, key):
			if bounds && (!lowers || x > y) {
				return false
			}
		case sysctlsOf(a)[key] != "" && sysctlsOf(a)[key] != sysctlsOf(b)[key]:
			return false
		}
	}
	return true
}

func hasUserNamespace(r *Request) bool { return findNamespace(r, specs.UserNamespace) != nil }
