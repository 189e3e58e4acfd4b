package isolator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

/*
ociversion: the version of runtime-spec that the spec says it has.

Owns     ociVersion
Rule     At most the newest that the delegate accepts.
Because  crun 1.8 refuses a version newer than it knows, which is every spec of
         containerd 2; the fields that the delegate does not know are decided by
         their own isolators.
Escape   none.
*/

var _ = register(Isolator{
	Name:    "ociversion",
	Owns:    []string{"/spec/ociVersion"},
	Reason:  "the newest that the delegate accepts",
	Leq:     func(a, b *Request) bool { return true }, // a version is no right
	Rewrite: knownVersion,
	Holds:   versionHolds,
})

func knownVersion(c *Case, r *Request) error {
	newer, err := newerThanDelegate(c, r)
	if newer {
		r.Spec.Version = c.Facts.Delegate.OCIVersionMax
	}
	return err
}

func versionHolds(c *Case, r *Request) error {
	newer, err := newerThanDelegate(c, r)
	if err == nil && newer {
		return versionDenial(r, "at most "+c.Facts.Delegate.OCIVersionMax)
	}
	return err
}

// newerThanDelegate is false where the delegate did not say what it accepts:
// it will refuse by itself.
func newerThanDelegate(c *Case, r *Request) (bool, error) {
	asked, ok := parseVersion(r.Spec.Version)
	if !ok {
		return false, versionDenial(r, "a version like 1.2.0")
	}
	if c.Facts.Delegate.OCIVersionMax == "" {
		return false, nil
	}
	most, ok := parseVersion(c.Facts.Delegate.OCIVersionMax)
	if !ok {
		return false, fmt.Errorf("the delegate's newest version of runtime-spec is %q", c.Facts.Delegate.OCIVersionMax)
	}
	return asked.compare(most) > 0, nil
}

func versionDenial(r *Request, want string) *Denial {
	return &Denial{"ociversion", "ociVersion", strconv.Quote(r.Spec.Version), want, Nothing}
}

// A version is one of Semantic Versioning 2.0.0, "1.0.2-dev".
type version struct {
	numbers    [3]int
	prerelease string
}

func parseVersion(s string) (version, bool) {
	var v version
	s, _, _ = strings.Cut(s, "+")
	core, prerelease, _ := strings.Cut(s, "-")
	parts := strings.Split(core, ".")
	if len(parts) != len(v.numbers) {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return v, false
		}
		v.numbers[i] = int(n)
	}
	v.prerelease = prerelease
	return v, true
}

// compare puts a version's prereleases before it, and those in the order of
// their letters, which is enough for the ones of runtime-spec (rc1..rc6, dev).
func (v version) compare(w version) int {
	release := func(v version) int {
		if v.prerelease == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(slices.Compare(v.numbers[:], w.numbers[:]), cmp.Compare(release(v), release(w)), cmp.Compare(v.prerelease, w.prerelease))
}
