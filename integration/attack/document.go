package attack

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Document is docs/attacks.md, of the rows and of the fixtures' names.
func Document(fixtures []string) string {
	var b strings.Builder
	b.WriteString(`# Attacks

<!-- Printed from integration/attack; go test ./integration/attack -update writes it. -->

What somebody in a container, or who asks for one, has tried elsewhere, and what becomes of it here. A *fixture* is a
hostile request in ` + "`spec/isolator/testdata/attack`" + ` and what is left of it. What is tried live runs in three containers
on a real containerd and runc: *privileged* under the stock shim, which shows that the attempt can succeed at all;
under the *stock* shim with containerd's default spec and default filter; and under *Bulkhead* at level baseline, with a
request that has no filter. "ok" means that it got through.
`)
	for _, part := range []struct {
		title string
		rows  []Row
	}{
		{"Around the rewrite", around}, {"Races and leaks of a delegate", races}, {"Entry points of the kernel", kernel},
		{"The network", network}, {"Exhaustion and listening", exhaustion},
	} {
		fmt.Fprintf(&b, "\n## %s\n", part.title)
		for _, r := range part.rows {
			r.print(&b, fixtures)
		}
	}
	return b.String()
}

func (r Row) print(b *strings.Builder, fixtures []string) {
	fmt.Fprintf(b, "\n### %s. %s\n\nStopped by: %s.\n", r.Number, r.Attack, r.Stops)
	var own []string
	for _, f := range fixtures {
		if number, _, _ := strings.Cut(filepath.Base(f), "_"); strings.TrimLeft(number, "0") == r.Number {
			own = append(own, "`"+strings.TrimSuffix(filepath.Base(f), ".txtar")+"`")
		}
	}
	slices.Sort(own)
	if len(own) > 0 {
		fmt.Fprintf(b, "Fixtures: %s.\n", strings.Join(own, ", "))
	}
	if r.Tested != "" {
		fmt.Fprintf(b, "Tried live by: %s.\n", "`"+strings.ReplaceAll(r.Tested, ", ", "`, `")+"`")
	}
	if r.Untried != "" {
		fmt.Fprintf(b, "Not tried, or not stopped: %s.\n", r.Untried)
	}
	if len(r.Tries) == 0 {
		return
	}
	b.WriteString("\n| probe | privileged | stock | Bulkhead |\n|---|---|---|---|\n")
	for _, t := range r.Tries {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", t.Technique, either(t.Privileged), either(t.Stock), either(t.Bulkhead))
	}
	for _, t := range r.Tries {
		if t.Below != "" {
			fmt.Fprintf(b, "\n`%s` may be stopped below Bulkhead: %s.\n", t.Technique, t.Below)
		}
	}
}

func either(outcomes string) string { return strings.ReplaceAll(outcomes, "|", " or ") }
