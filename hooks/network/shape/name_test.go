package shape

import (
	"strings"
	"testing"
)

func TestNamesOfDevicesFit(t *testing.T) {
	seen := map[string]string{}
	for _, installation := range []string{"", "0a1b2c3d"} {
		for _, tenant := range []string{"a", "acme", "acme-prod", "acme-prod-2", strings.Repeat("x", 63)} {
			d := Device(installation, tenant)
			if len(d) > longest {
				t.Errorf("%s has %d characters", d, len(d))
			}
			if other, ok := seen[d]; ok {
				t.Errorf("%s is of %s and %s", d, other, tenant)
			}
			seen[d] = tenant
			if got, ok := tenantOf(installation, alias(installation, tenant)); got != tenant || !ok {
				t.Errorf("tenant of %q: %q", alias(installation, tenant), got)
			}
		}
	}
}

func TestNumbersAreTheSameAndNotTaken(t *testing.T) {
	taken := map[uint16]bool{}
	for range numbers {
		n, err := Number("containerd:acme/web", func(n uint16) bool { return taken[n] })
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 || n > numbers || taken[n] {
			t.Fatalf("%d is no number, or taken", n)
		}
		if again, _ := Number("containerd:acme/web", func(n uint16) bool { return taken[n] }); again != n {
			t.Fatalf("%d, then %d", n, again)
		}
		taken[n] = true
	}
	if _, err := Number("containerd:acme/one-more", func(n uint16) bool { return taken[n] }); err == nil {
		t.Error("one more than there are")
	}
}

func TestTightestLimitHolds(t *testing.T) {
	for _, c := range []struct{ tenant, container, up, down Rate }{
		{100, 0, 96, 0}, {0, 100, 96, 0}, {800, 80, 80, 0}, {80, 800, 80, 0}, {7, 0, 8, 0},
	} {
		got := each([]Tenant{{Limits: Limits{Egress: c.tenant}, Container: Limits{Egress: c.container}}})
		if got != (Limits{c.up, c.down}) {
			t.Errorf("%d and %d: %v", c.tenant, c.container, got)
		}
	}
}

func TestShapeNamesClassesOfBoundedDirections(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{}, " 0:0 0:0"},
		{Limits{1e6, 1e6}, "bw-acme-66082a ba:1230 ba:1231"},
		{Limits{1e6, 0}, "bw-acme-66082a ba:1230 0:0"},
		{Limits{0, 1e6}, "bw-acme-66082a 0:0 ba:1231"},
	} {
		s := family("acme", c.limits).Shape(Leaf{Number: 0x123, Tenant: "acme"})
		if got := strings.Join([]string{s.Device, Class(s.Up), Class(s.Down)}, " "); got != c.want {
			t.Errorf("%v: %s, want %s", c.limits, got, c.want)
		}
	}
}
