package isolator

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// TestAccessToADevice: the laws are worth what this reading of rules is worth.
func TestAccessToADevice(t *testing.T) {
	allow := func(kind string, major, minor int64, access string) specs.LinuxDeviceCgroup {
		return specs.LinuxDeviceCgroup{Allow: true, Type: kind, Major: &major, Minor: &minor, Access: access}
	}
	deny := func(kind string, major, minor int64, access string) specs.LinuxDeviceCgroup {
		r := allow(kind, major, minor, access)
		r.Allow = false
		return r
	}
	all := specs.LinuxDeviceCgroup{Allow: true, Access: "r"} // whatever its letters
	none := specs.LinuxDeviceCgroup{Access: "rwm"}
	disk, other, null, terminal := deviceRange{'b', 8, 0, 0}, deviceRange{'c', 8, 0, 0}, deviceRange{'c', 1, 3, 0}, deviceRange{'c', 136, 7, 0}
	for name, c := range map[string]struct {
		rules []specs.LinuxDeviceCgroup
		of    deviceRange
		want  string
	}{
		"no rules":                    {nil, disk, "rwm"},
		"nothing":                     {[]specs.LinuxDeviceCgroup{none}, disk, "m"},
		"what delegates add":          {[]specs.LinuxDeviceCgroup{none}, null, "rwm"},
		"every minor number of them":  {[]specs.LinuxDeviceCgroup{none}, terminal, "rwm"},
		"everything":                  {[]specs.LinuxDeviceCgroup{none, all}, disk, "rwm"},
		"nothing after everything":    {[]specs.LinuxDeviceCgroup{all, none}, disk, "m"},
		"one":                         {[]specs.LinuxDeviceCgroup{none, allow("b", 8, 0, "r")}, disk, "rm"},
		"one of another type":         {[]specs.LinuxDeviceCgroup{none, allow("b", 8, 0, "r")}, other, "m"},
		"two rules together":          {[]specs.LinuxDeviceCgroup{none, allow("b", 8, 0, "r"), allow("b", 8, 0, "w")}, disk, "rwm"},
		"a later denial":              {[]specs.LinuxDeviceCgroup{none, allow("b", 8, 0, "rw"), deny("b", 8, 0, "w")}, disk, "rm"},
		"an earlier denial":           {[]specs.LinuxDeviceCgroup{none, deny("b", 8, 0, "w"), allow("b", 8, 0, "rw")}, disk, "rwm"},
		"every number":                {[]specs.LinuxDeviceCgroup{none, allow("b", -1, 0, "r")}, disk, "rm"},
		"every number but written so": {[]specs.LinuxDeviceCgroup{none, allow("b", 8, -7, "r")}, disk, "rm"},
		"a type that nobody knows":    {[]specs.LinuxDeviceCgroup{none, allow("all", 1, 1, "r")}, disk, "rwm"},
	} {
		if got := accessTo(c.of, c.rules).String(); got != c.want {
			t.Errorf("%s: %s %s, want %s", name, c.of, got, c.want)
		}
	}
}

// What no rule names is told apart from what one does.
func TestDevicesLeqSeesWhatNoRuleNames(t *testing.T) {
	of := func(rules ...specs.LinuxDeviceCgroup) *Request {
		return &Request{Spec: &specs.Spec{Linux: &specs.Linux{Resources: &specs.LinuxResources{Devices: rules}}}}
	}
	none := specs.LinuxDeviceCgroup{Access: "rwm"}
	blocks := specs.LinuxDeviceCgroup{Allow: true, Type: "b", Access: "r"}
	disk := specs.LinuxDeviceCgroup{Allow: true, Type: "b", Major: new(int64(8)), Minor: new(int64(0)), Access: "r"}
	for _, c := range []struct {
		name string
		a, b *Request
		want bool
	}{
		{"a disk of every disk", of(none, disk), of(none, blocks), true},
		{"every disk of one", of(none, blocks), of(none, disk), false},
		{"rules of no rules", of(none, blocks), of(), true},
		{"no rules of rules", of(), of(none, blocks), false},
		{"the same in another order", of(none, blocks, disk), of(none, disk, blocks), true},
	} {
		if got := devicesLeq(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
