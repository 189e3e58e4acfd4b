package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

func TestWhatConnectsTenantsNetworks(t *testing.T) {
	conflist := filepath.Join(t.TempDir(), "tenant.conflist")
	for _, c := range []struct{ network, content, want string }{
		{"{}", "", ""},
		{"{provide: [acme, globex]}", "", "OK the networks of tenants in acme, globex have loopback only"},
		{"{provide: [acme], conflist: " + conflist + "}", "", "Failure NodePolicy.network.conflist cannot be read: "},
		{"{provide: [acme], conflist: " + conflist + "}", `{"name": "a", "cniVersion": "1.0.0", "plugins": [{"type": "bridge-of-none", "ipam": {"type": "ipam-of-none"}}]}`,
			"Failure " + conflist + " names plugins that are not installed: bridge-of-none, ipam-of-none"},
	} {
		if c.content != "" {
			if err := os.WriteFile(conflist, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n := host(t, nil)
		compiletest.Apply(t, n.Root, "apiVersion: bulkhead.dev/v1alpha1\nkind: NodePolicy\nmetadata: {name: default}\nspec: {network: "+c.network+"}\n")
		if got := says(t, n, "network.provide"); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", c.network, got, c.want)
		}
	}
}
