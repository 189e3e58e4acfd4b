package isolator

import (
	"strings"
	"testing"
)

func TestSoManyDenialsAreCounted(t *testing.T) {
	var ds Denials
	for range 1000 {
		ds = append(ds, &Denial{"mounts", "mounts", "odd", "even", Nothing})
	}
	if got := ds.Error(); strings.Count(got, "refused by") != 20 || !strings.HasSuffix(got, "; and 980 more") {
		t.Errorf("it says %q", got)
	}
	if got := ds[:20].Error(); strings.Count(got, "refused by") != 20 || strings.Contains(got, "more") {
		t.Errorf("it says %q", got)
	}
}
