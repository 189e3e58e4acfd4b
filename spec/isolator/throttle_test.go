package isolator

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A device has one form: of two that the kernel reads as the same one, the
// second would lift the limit of the first.
func TestDeviceFrom(t *testing.T) {
	for _, good := range []string{"8:0", "0:0", "4095:1048575", "253:17"} {
		if d, ok := deviceFrom(good); !ok || d.String() != good {
			t.Errorf("%q is %v, %v", good, d, ok)
		}
	}
	for _, bad := range []string{"", ":", "8", "8:", ":0", "08:0", "8:00", "+8:0", "-8:0", "8:-0", "8:0:0", " 8:0", "8:0 ", "0x8:0", "4096:0", "4104:0", "8:1048576", "0:8388608", "4294967304:0"} {
		if d, ok := deviceFrom(bad); ok {
			t.Errorf("%q is %v, want none", bad, d)
		}
	}
}

// A limit of a device that was not found out would hold nobody.
func TestUnknownDeviceIsAnError(t *testing.T) {
	p := &tenant.Policy{Limits: tenant.Limits{BlockIO: []tenant.BlockIO{{Device: "/dev/vdz", ReadIOPS: new(int64(5))}}}}
	r := &Request{Spec: new(specs.Spec)}
	c := NewCase(p, new(tenant.Node), Facts{Engine: Docker, Node: NodeFacts{Cgroup: "hybrid"}}, r)
	for name, err := range map[string]error{"Rewrite": narrowBlockIO(c, new(specs.LinuxResources)), "Holds": blockIOHolds(c, r)} {
		if denials, other := DenialsOf(err); other == nil || denials != nil {
			t.Errorf("%s: %v, want an error that is no denial", name, err)
		}
	}
	if got, ok := narrowIOMax(c, "", "8:0 rbps=5"); ok {
		t.Errorf("io.max is accepted as %q", got)
	}
	c.Facts.Node.Cgroup = "v2"
	if err := narrowBlockIO(c, new(specs.LinuxResources)); err != nil {
		t.Errorf("on v2 the container carries no limit: %v", err)
	}
}

func TestIOMaxLeq(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"8:0 rbps=5", "8:0 rbps=6", true},
		{"8:0 rbps=7", "8:0 rbps=6", false},
		{"8:0 rbps=7", "8:0 rbps=max", true},
		{"8:0 rbps=5 wiops=5", "8:0 rbps=5", true},
		{"8:0 rbps=5", "8:0 rbps=5 wiops=5", false},
		{"8:0 rbps=5", "8:16 rbps=5", false},
		{"8:0 rbps=9\n8:0 rbps=5", "8:0 rbps=6", true}, // the last one holds
		{"8:0 rbps=5\n8:0 rbps=9", "8:0 rbps=6", false},
		{"8:0 rbps=5", "max", true}, // no file
		{"max", "8:0 rbps=5", false},
		{"8:0 rbps=x", "max", false},
	} {
		if got := ioMaxLeq(c.a, c.b); got != c.want {
			t.Errorf("%q ≤ %q is %v", c.a, c.b, got)
		}
	}
}
