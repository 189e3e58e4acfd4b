package isolator

import (
	"path"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// mountsLeq: every mount of a is one of b, at its place and in its order, and
// gives no more. What b has besides must not cover anything of what a has.
func mountsLeq(a, b *Request) bool {
	var places []string
	for _, m := range a.Spec.Mounts {
		places = append(places, place(m))
	}
	var same []specs.Mount
	for _, m := range b.Spec.Mounts {
		if slices.Contains(places, place(m)) || belowOneOf(places, place(m)) {
			same = append(same, m)
		}
	}
	return slices.EqualFunc(a.Spec.Mounts, same, mountLeq) &&
		sharingOf([]string{valueOf(a.Spec.Linux).RootfsPropagation}) <= sharingOf([]string{valueOf(b.Spec.Linux).RootfsPropagation})
}

func mountLeq(a, b specs.Mount) bool {
	x, y := effectOf(a), effectOf(b)
	for i := range x.flags {
		if x.flags[i] > y.flags[i] {
			return false
		}
	}
	return place(a) == place(b) && x.kind == y.kind && path.Clean(a.Source) == path.Clean(b.Source) &&
		slices.Equal(a.UIDMappings, b.UIDMappings) && slices.Equal(a.GIDMappings, b.GIDMappings) &&
		(!x.recursive || y.recursive) && x.sharing <= y.sharing && x.size <= y.size && x.terminals <= y.terminals &&
		slices.Equal(x.others, y.others)
}
