package doctor

import (
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

func TestGuardOfANetwork(t *testing.T) {
	const (
		release   = "/proc/sys/kernel/osrelease"
		stays     = "OK a container's network stays closed to interfaces without walls, also when its shim was killed"
		ends      = "Note the guard of a container's network ends with its shim"
		raw       = "Note packet sockets pass the guard of a container's network"
		unbounded = "Note how many of the kernel's neighbours they make is not bounded: "
	)
	for _, c := range []struct{ release, acme, want string }{
		{"6.8.0-test", "{}", ends},
		{"6.9.0-test", "{}", stays},
		{"6.8.0-test", "{security: {exceptions: {capabilities: [NET_RAW]}}}", unbounded + "acme\n" + raw + "\n" + ends},
		{"6.17.0-test", "{security: {exceptions: {capabilities: [NET_RAW]}}}", unbounded + "acme\n" + stays},
		{"6.17.0-test", "{security: {exceptions: {capabilities: [NET_ADMIN]}}}", unbounded + "acme\n" + stays},
		{"6.17.0-test", "{security: {level: privileged}}", unbounded + "acme\n" + stays},
		{"6.17.0-test", "{delegate: runsc, security: {exceptions: {capabilities: [NET_RAW]}}}", stays},
	} {
		n := host(t, map[string]string{release: c.release + "\n"})
		compiletest.Apply(t, n.Root, "apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: "+c.acme+"\n")
		if got := says(t, n, "network.guard"); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.release, c.acme, got, c.want)
		}
	}
}
