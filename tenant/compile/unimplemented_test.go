package compile

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

func TestUnimplementedKeysExist(t *testing.T) {
	roots := map[string]reflect.Type{
		"tenant":     reflect.TypeFor[v1alpha1.Tenant](),
		"nodepolicy": reflect.TypeFor[v1alpha1.NodePolicy](),
	}
	for _, u := range unimplemented {
		last := u.key[strings.LastIndexByte(u.key, '.')+1:]
		if !slices.Contains(find("", roots[u.kind], last), u.key) {
			t.Errorf("%s.%s is no key", u.kind, u.key)
		}
	}
}

func TestKeysBelowAnUnimplementedOneAreMeantToo(t *testing.T) {
	for key, want := range map[string]bool{
		"tenant.spec.security.seLinuxOptions.level":        false,
		"tenant.spec.limits.inodes":                        false,
		"tenant.spec.limits.connections":                   true,
		"tenant.spec.delegate":                             true,
		"tenant.spec.limits.bandwidth.egressBitsPerSecond": true,
		"tenant.spec.limits.blockIO":                       true,
		"tenant.spec.limits.cpu":                           true,
		"tenant.spec.network":                              true,
		"nodepolicy.spec.audit.sink":                       false,
	} {
		if _, ok := Implemented(key); ok != want {
			t.Errorf("%s implemented: %v, want %v", key, ok, want)
		}
	}
}
