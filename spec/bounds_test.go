package spec_test

import (
	"fmt"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
)

// Each bound holds where it says, and not before.
func TestBounds(t *testing.T) {
	list := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	object := func(n int) string {
		var b strings.Builder
		for i := range n - 1 {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return "{" + b.String() + `"x":0}`
	}
	for name, c := range map[string]struct{ most, more, want string }{
		"size":    {strings.Repeat(" ", 1<<20), strings.Repeat(" ", 1<<20+1), "larger than 1 MiB"},
		"depth":   {strings.Repeat("[", 32) + strings.Repeat("]", 32), strings.Repeat("[", 33), "deeper than 32 levels"},
		"values":  {list(16 << 10), list(16<<10 + 1), "more than 16384 values"},
		"members": {object(4 << 10), object(4<<10 + 1), "more than 4096 members"},
		"string":  {`"` + strings.Repeat("x", 256<<10-1) + `"`, `"` + strings.Repeat("x", 256<<10) + `"`, "longer than 256 KiB"},
		"UTF-8":   {`"é"`, "\"\xe9\"", "not UTF-8"},
	} {
		if err := spec.Bounded([]byte(c.most)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := spec.Bounded([]byte(c.more)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// A quote that is escaped ends no string, and what is in a string counts for nothing.
func TestBoundsReadStrings(t *testing.T) {
	for _, text := range []string{
		`"` + strings.Repeat(`[{,`, 30_000) + `"`,
		`["` + strings.Repeat(`\"[`, 30_000) + `"]`,
		`["\\", "` + strings.Repeat(`[`, 100) + `"]`,
		`["` + strings.Repeat(`\\`, 1000) + `", "` + strings.Repeat(`[`, 100) + `"]`,
	} {
		if err := spec.Bounded([]byte(text)); err != nil {
			t.Errorf("%.40s…: %v", text, err)
		}
	}
	for _, text := range []string{`["\\` + `", ` + strings.Repeat(`[`, 100), `["\"", ` + strings.Repeat(`[`, 100)} {
		if spec.Bounded([]byte(text)) == nil {
			t.Errorf("%.40s…: the lists after a string are not counted", text)
		}
	}
}

// What a person reads of an error is short, whatever the document holds.
func TestErrorsQuoteLittle(t *testing.T) {
	for _, text := range []string{
		`{"` + strings.Repeat("é", 100_000) + `": 1}`,
		`{"linux": {"resources": {"pids": {"limit": 1` + strings.Repeat("0", 100_000) + `}}}}`,
	} {
		err := spec.Decode([]byte(text), new(specs.Spec))
		if err == nil || len(err.Error()) > 300 {
			t.Errorf("%.40s…: %.400v", text, err)
		}
	}
}

func TestLengths(t *testing.T) {
	for part, most := range map[string]int{
		`"mounts": [%s]`: 1024, `"linux": {"devices": [%s]}`: 4096, `"linux": {"namespaces": [%s]}`: 16,
		`"hooks": {"createRuntime": [%s]}`: 64, `"hooks": {"prestart": [%s]}`: 64,
		`"process": {"capabilities": {"bounding": [%s]}}`: 128, `"process": {"capabilities": {"ambient": [%s]}}`: 128,
		`"linux": {"seccomp": {"architectures": [%s]}}`: 64,
	} {
		element := "{}"
		if strings.Contains(part, "capabilities") || strings.Contains(part, "architectures") {
			element = `""`
		}
		text := func(n int) []byte {
			return fmt.Appendf(nil, "{"+part+"}", strings.Repeat(element+",", n-1)+element)
		}
		if err := spec.Decode(text(most), new(specs.Spec)); err != nil {
			t.Errorf("%d of %s: %v", most, part, err)
		}
		want := fmt.Sprintf("has %d entries, more than %d", most+1, most)
		if err := spec.Decode(text(most+1), new(specs.Spec)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d of %s: got %v, want %s", most+1, part, err, want)
		}
	}
	for _, part := range []string{
		`"root": {"path": "%s"}`, `"process": {"cwd": "%s"}`, `"mounts": [{"source": "%s"}]`, `"mounts": [{"destination": "%s"}]`,
		`"linux": {"cgroupsPath": "%s"}`, `"linux": {"devices": [{"path": "%s"}]}`, `"linux": {"namespaces": [{"path": "%s"}]}`,
	} {
		for n, want := range map[int]string{4096: "", 4097: "has 4097 bytes, more than 4096"} {
			err := spec.Decode(fmt.Appendf(nil, "{"+part+"}", strings.Repeat("x", n)), new(specs.Spec))
			if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%d bytes of %s: got %v, want %q", n, part, err, want)
			}
		}
	}
	process := []byte(`{"capabilities": {"bounding": [` + strings.Repeat(`"",`, 128) + `""]}}`)
	if err := spec.Decode(process, new(specs.Process)); err == nil {
		t.Error("a further process may have any number of capabilities")
	}
}
