package bandwidth

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dev/bulkhead/hooks/network/divert"
	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

// nft gives lines to Debian's nft on the node.
func nft(t *testing.T, l *Lab, lines string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nft", "-f", "-")
	if strings.HasPrefix(lines, "list") {
		cmd = exec.CommandContext(t.Context(), "nft", append([]string{"--stateless"}, strings.Fields(lines)...)...)
	}
	cmd.Stdin = strings.NewReader(lines)
	var out []byte
	err := l.Node.do(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		t.Fatalf("nft: %v\n%s%s", err, out, lines)
	}
	return string(out)
}

// The lines that are printed do the same as what is applied, at every step of
// three containers' lives.
func TestRulesAreThosePrinted(t *testing.T) {
	applied, hosts := lab(t, 3)
	printed, _ := lab(t, 3)
	f := Alone(acme(8*mega, 8*mega), 3)
	for _, l := range []*Lab{applied, printed} {
		tree, err := f.Tree(shape.Tree{})
		if err != nil {
			t.Fatal(err)
		}
		if err := shape.Apply(l.Node.handle, shape.Change(shape.Tree{}, tree).Grow); err != nil {
			t.Fatal(err)
		}
	}
	both := f.Shape(f.Leaves[0])
	up, down, none := both, both, shape.Shape{}
	up.Down, down.Up = 0, 0
	for _, step := range []struct {
		set  map[int]shape.Shape
		gone []int
		left int // chains
	}{
		{set: map[int]shape.Shape{0: both}, left: 2},
		{set: map[int]shape.Shape{0: both, 1: up}, left: 3},
		{set: map[int]shape.Shape{1: down}, left: 3},
		{set: map[int]shape.Shape{2: none}, left: 3},
		{gone: []int{0}, left: 1},
		{set: map[int]shape.Shape{1: none}, left: 0},
		{gone: []int{1, 2}, left: 0},
	} {
		have := chains(t, applied)
		var set []divert.Interface
		for n, s := range step.set {
			set = append(set, divert.Interface{Name: hosts[n].Interface, Shape: s})
		}
		var gone []string
		for _, n := range step.gone {
			gone = append(gone, hosts[n].Interface)
		}
		p := divert.Set("", have, set, gone)
		if err := namespace.In(int(applied.Node.file.Fd()), p.Run); err != nil {
			t.Fatal(err)
		}
		nft(t, printed, p.String())
		if d := cmp.Diff(nft(t, printed, "list ruleset"), nft(t, applied, "list ruleset")); d != "" {
			t.Errorf("after\n%s(-printed +applied):\n%s", p, d)
		}
		if have := chains(t, applied); len(have) != step.left {
			t.Errorf("after\n%s%v are there, want %d", p, have, step.left)
		}
	}
}

func chains(t *testing.T, l *Lab) (have []divert.Chain) {
	t.Helper()
	if err := namespace.In(int(l.Node.file.Fd()), func() (err error) {
		have, err = divert.Read("")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return have
}
