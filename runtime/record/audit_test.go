package record

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

var log = tenant.AuditLog{Record: "All", Path: "/var/log/bulkhead/audit.jsonl", OnError: "Refuse"}

func TestAuditLinesOfManyWritersStayWhole(t *testing.T) {
	root := tenant.Root(t.TempDir())
	long := isolator.Denials{{Isolator: "x", Got: strings.Repeat("long ", 4000)}}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 20 {
				if err := Append(root, log, Entry{Container: "c1", Decision: Refused, Denials: long}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(root.Path(log.Path))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if len(lines) != 400 {
		t.Errorf("%d lines, want 400", len(lines))
	}
	for i, line := range lines {
		if !json.Valid(line) {
			t.Fatalf("line %d is not whole", i)
		}
	}
}

func TestAuditRecordsWhatTheNodeWants(t *testing.T) {
	for _, test := range []struct {
		record string
		want   []Decision
	}{
		{"Denied", []Decision{Refused, Audited, Exempted}},
		{"Changed", []Decision{Narrowed, Refused, Audited, Exempted}},
		{"All", []Decision{Accepted, Narrowed, Refused, Audited, Exempted}},
	} {
		var got []Decision
		for _, d := range []Decision{Accepted, Narrowed, Refused, Audited, Exempted} {
			if wanted(test.record, Entry{Operation: "create", Decision: d}) {
				got = append(got, d)
			}
		}
		if len(got) != len(test.want) {
			t.Errorf("%s records %v, want %v", test.record, got, test.want)
		}
	}
}

func TestUnwritableAuditLogRefusesOnlyWhereTheNodeSaysSo(t *testing.T) {
	root := tenant.Root(t.TempDir())
	if err := os.WriteFile(root.Path("/var"), nil, 0o600); err != nil { // a file where a folder is needed
		t.Fatal(err)
	}
	if err := Append(root, log, Entry{Decision: Refused}); err == nil {
		t.Error("onError Refuse: no error")
	}
	lax := log
	lax.OnError = "Continue"
	if err := Append(root, lax, Entry{Decision: Refused}); err != nil {
		t.Errorf("onError Continue: %v", err)
	}
}

func TestProbesDoNotFillTheAuditLog(t *testing.T) {
	probe := Entry{Operation: "exec", Decision: Narrowed}
	if wanted("Changed", probe) || !wanted("All", probe) {
		t.Error("a narrowed exec is recorded by Changed, or not by All")
	}
	probe.Decision, probe.Denials = Refused, isolator.Denials{{Isolator: "stdio"}}
	if !wanted("Denied", probe) {
		t.Error("a denied exec is not recorded")
	}
}

func TestAuditLinesAreShortAndHoldNoEnvironment(t *testing.T) {
	changes := []spec.Change{
		{Path: "/spec/linux/seccomp", Before: strings.Repeat("x", 2*longest), Value: "short"},
		{Path: "/spec/linux/seccomp/syscalls", Value: make([]int, 100)},
		{Path: "/spec/hooks/prestart", Before: []string{"SECRET=1"}},
	}
	got := shortened(changes)
	if got[0].Before != "(2050 bytes)" || got[0].Value != "short" || got[1].Value != "(100 entries)" || got[2].Before != "(12 bytes)" {
		t.Errorf("shortened to %+v", got)
	}
	if _, kept := changes[2].Before.([]string); !kept {
		t.Error("the changes themselves were shortened")
	}
}

func TestAuditRecordsAllUnderABrokenGlass(t *testing.T) {
	for _, record := range []string{"Denied", "Changed", "All"} {
		for _, e := range []Entry{
			{Operation: "create", Decision: Accepted, Glass: "INC-7"},
			{Operation: "exec", Decision: Audited, Glass: "INC-7"},
			{Operation: "break-glass", Decision: Mended},
		} {
			if !wanted(record, e) {
				t.Errorf("%s leaves out %+v", record, e)
			}
		}
	}
	if wanted("Denied", Entry{Operation: "create", Decision: Accepted}) {
		t.Error("an accepted start is recorded without")
	}
}
