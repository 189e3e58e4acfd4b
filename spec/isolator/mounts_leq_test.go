package isolator_test

import (
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

func mountsLeq(t *testing.T, a, b []specs.Mount) bool {
	t.Helper()
	all := isolator.All()
	i := slices.IndexFunc(all, func(i isolator.Isolator) bool { return i.Name == "mounts" })
	if i < 0 {
		t.Fatal("no isolator of mounts")
	}
	of := func(m []specs.Mount) *isolator.Request { return &isolator.Request{Spec: &specs.Spec{Mounts: m}} }
	return all[i].Leq(of(a), of(b))
}

// What the laws are worth for mounts: which options give more.
func TestOptionsOfMountsCompare(t *testing.T) {
	for _, c := range []struct {
		a, b   string // type and options
		ab, ba bool
	}{
		{"bind rbind ro", "bind rbind rw", true, false},
		{"bind rbind rro", "bind rbind ro", true, false},
		{"bind rbind rro", "bind rbind", true, false},
		{"bind bind ro", "bind rbind ro", true, false},
		{"bind bind rro", "bind bind ro", true, false},
		{"bind bind", "bind rbind", true, false},
		{"bind rbind ro rw", "bind rbind rw", true, true},
		{"bind rbind rro rrw", "bind rbind", false, true},
		// A flag lifts all others that the node's own mount has.
		{"bind rbind nosuid", "bind rbind", false, false},
		{"bind rbind relatime", "bind rbind", false, false},
		{"bind rbind", "bind rbind rw", true, false},
		{"bind rbind rprivate", "bind rbind rslave", true, false},
		{"bind rbind rslave", "bind rbind rshared", true, false},
		{"bind rbind private shared", "bind rbind rshared", true, true},
		{"none rbind", "bind rbind", true, true},
		{"tmpfs nosuid", "tmpfs", true, false},
		{"tmpfs suid", "tmpfs", true, true},
		{"tmpfs size=64m", "tmpfs size=1g", true, false},
		{"tmpfs size=64m", "tmpfs size=65536k", true, true},
		{"tmpfs size=64m", "tmpfs", true, false},
		{"tmpfs size=0", "tmpfs", true, true},
		{"tmpfs size=1g size=1m", "tmpfs size=2m", true, false},
		{"tmpfs size=1%", "tmpfs size=1g", false, false},
		{"tmpfs mode=1777", "tmpfs mode=700", false, false},
		{"devpts newinstance max=16", "devpts max=256", true, false},
		{"sysfs ro", "sysfs", true, false},
		{"proc", "sysfs", false, false},
	} {
		mount := func(text string) []specs.Mount {
			words := strings.Fields(text)
			return []specs.Mount{{Destination: "/a", Type: words[0], Source: "/s", Options: words[1:]}}
		}
		if ab, ba := mountsLeq(t, mount(c.a), mount(c.b)), mountsLeq(t, mount(c.b), mount(c.a)); ab != c.ab || ba != c.ba {
			t.Errorf("%q is no more than %q: %v, and the other way %v; want %v, %v", c.a, c.b, ab, ba, c.ab, c.ba)
		}
	}
}

// A mount less gives less, unless it covered another.
func TestMountsCompare(t *testing.T) {
	bind := func(source, destination string) specs.Mount {
		return specs.Mount{Destination: destination, Type: "bind", Source: source, Options: []string{"rbind"}}
	}
	data, secret, cover, other := bind("/srv", "/d"), bind("/srv/x", "/d/x"), bind("/empty", "/d/y"), bind("/etc", "/e")
	mapped := data
	mapped.UIDMappings = []specs.LinuxIDMapping{{HostID: 1, Size: 1}}
	for name, c := range map[string]struct {
		a, b []specs.Mount
		want bool
	}{
		"none and one":                {nil, []specs.Mount{data}, true},
		"one and none":                {[]specs.Mount{data}, nil, false},
		"one and two":                 {[]specs.Mount{data}, []specs.Mount{other, data}, true},
		"without what covers":         {[]specs.Mount{data}, []specs.Mount{data, cover}, false},
		"without what is covered":     {[]specs.Mount{cover}, []specs.Mount{data, cover}, true},
		"another order":               {[]specs.Mount{secret, data}, []specs.Mount{data, secret}, false},
		"another source":              {[]specs.Mount{bind("/etc", "/d")}, []specs.Mount{data}, false},
		"another place":               {[]specs.Mount{bind("/srv", "/d2")}, []specs.Mount{data}, false},
		"the same, written otherwise": {[]specs.Mount{bind("/srv/", "/d/")}, []specs.Mount{data}, true},
		"other IDs":                   {[]specs.Mount{mapped}, []specs.Mount{data}, false},
		"one twice":                   {[]specs.Mount{data}, []specs.Mount{data, data}, false},
	} {
		if got := mountsLeq(t, c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
