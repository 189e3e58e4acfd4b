package tenant

import (
	"strings"
	"testing"
)

func TestHandlerPinsOneTenant(t *testing.T) {
	for _, test := range []struct{ name, body, want, refusal string }{
		{"as an operator writes it", "# the acme handler\ntenant = \"acme\"\n", "acme", ""},
		{"as containerd's TOML library writes it", "tenant = 'acme'\n", "acme", ""},
		{"empty", "", "", ""},
		{"unknown option", "tenent = \"acme\"\n", "", "the only option is"},
		{"twice", "tenant = \"a\"\ntenant = \"b\"\n", "", "the only option is"},
		{"without quotes", "tenant = acme\n", "", "the only option is"},
	} {
		got, err := ParseHandler([]byte(test.body))
		if got != test.want || (err == nil) != (test.refusal == "") || err != nil && !strings.Contains(err.Error(), test.refusal) {
			t.Errorf("%s: got %q, %v; want %q, %q", test.name, got, err, test.want, test.refusal)
		}
	}
}
