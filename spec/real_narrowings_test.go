package spec_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
)

// narrowingsFile lists what is narrowed of real requests, a line each, with why
// that may be below it. A new one stands there as not reviewed, which fails.
const (
	narrowingsFile = "testdata/real/narrowings.txt"
	notReviewed    = "NOT REVIEWED"
)

func TestRealNarrowingsAreReviewed(t *testing.T) {
	t.Parallel()
	found := map[string]int{}
	all := everyRecorded(t)
	for _, r := range all {
		if _, refused := refusals[r.name]; refused {
			continue
		}
		lines := map[string]bool{}
		for _, c := range r.judge(t, "").Changes {
			for _, line := range narrowing(c) {
				lines[line] = true
			}
		}
		for line := range lines {
			found[line]++
		}
	}
	data, err := os.ReadFile(narrowingsFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	reasons := reasonsIn(string(data))
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(found)) {
		why := reasons[line]
		if why == "" {
			why = notReviewed
		}
		fmt.Fprintf(&b, "%s  ×%d\n    %s\n", line, found[line], why)
	}
	if *update {
		if err := os.WriteFile(narrowingsFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if b.String() != string(data) {
		t.Errorf("%s is stale: go test ./spec -run %s -update, and review what is new; now it is:\n%s", narrowingsFile, t.Name(), b.String())
	}
	if n := strings.Count(b.String(), notReviewed); n > 0 {
		t.Errorf("%d narrowings in %s are not reviewed", n, narrowingsFile)
	}
	t.Logf("%d kinds of narrowing in %d real requests", len(found), len(all))
}

// reasonsIn reads the reasons that the file gives, by the line above.
func reasonsIn(text string) map[string]string {
	reasons, above := map[string]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if why, ok := strings.CutPrefix(line, "    "); ok {
			if why != notReviewed {
				reasons[above] = why
			}
			continue
		}
		above, _, _ = strings.Cut(line, "  ×")
	}
	return reasons
}

// narrowing describes a change without what differs from container to
// container: of lists what came and went, of maps' keys what they belong to.
func narrowing(c spec.Change) []string {
	at := c.Isolator + " " + c.Path
	if key, ok := strings.CutPrefix(c.Path, "/spec/annotations/"); ok {
		return []string{c.Isolator + " /spec/annotations -" + strings.ReplaceAll(key, "~1", "/")}
	}
	if sets := "/spec/process/capabilities"; strings.HasPrefix(c.Path, sets) {
		at = c.Isolator + " " + sets // what goes from one set goes from all
	}
	switch before := c.Before.(type) {
	case []string:
		return compared(at, before, asStrings(c.Value))
	case []specs.Mount:
		return comparedMounts(at, before, c.Value.([]specs.Mount))
	case []specs.LinuxNamespace:
		return compared(at, namesOf(before), namesOf(c.Value.([]specs.LinuxNamespace)))
	case []specs.POSIXRlimit:
		after, _ := c.Value.([]specs.POSIXRlimit)
		return compared(at, shown(before), shown(after))
	}
	return []string{fmt.Sprintf("%s %s", at, c.Op)}
}

func asStrings(v any) []string {
	s, _ := v.([]string)
	return s
}

func shown[T any](all []T) (texts []string) {
	for _, v := range all {
		texts = append(texts, inJSON(v))
	}
	return texts
}

func namesOf(all []specs.LinuxNamespace) (names []string) {
	for _, ns := range all {
		names = append(names, string(ns.Type))
	}
	return names
}

// compared lists what went and came.
func compared(at string, before, after []string) []string {
	var lines []string
	for _, s := range before {
		if !slices.Contains(after, s) {
			lines = append(lines, at+" -"+s)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			lines = append(lines, at+" +"+s)
		}
	}
	if len(lines) == 0 {
		lines = []string{at + " replace"}
	}
	return lines
}

func comparedMounts(at string, before, after []specs.Mount) []string {
	var lines []string
	for i := range min(len(before), len(after)) {
		if !slices.Equal(before[i].Options, after[i].Options) {
			kind := before[i].Type
			if kind != "bind" {
				kind += " at " + before[i].Destination
			}
			lines = append(lines, compared(at+" "+kind, before[i].Options, after[i].Options)...)
		}
	}
	if len(before) != len(after) || len(lines) == 0 {
		lines = append(lines, at+" replace")
	}
	return lines
}
