package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// everything is a collector whose one tenant has every figure.
type everything struct{ *collector }

func (e everything) Collect(to chan<- prometheus.Metric) {
	e.collector.Collect(to)
	u := &runtime.Usage{Tenant: "acme", Policy: &tenant.Policy{Limits: tenant.Limits{CPUMilli: new(int64(1)), MemoryBytes: new(int64(1)), Containers: new(int64(1))}, Network: tenant.Network{Bandwidth: tenant.Bandwidth{IngressBitsPerSecond: new(int64(1)), EgressBitsPerSecond: new(int64(1))}}}, Figures: seenFigures{}}
	for f := range figures {
		u.Figures[f] = 1
	}
	u.Figures[runtime.NetworkDropped(network.Spoofed)] = 1
	putUsage(putter(to), []*runtime.Usage{u})
	putter(to)(denials, prometheus.CounterValue, 1, "acme", "cpu")
	putter(to)(audited, prometheus.CounterValue, 1, "acme", "cpu")
}

func TestNamesOfMetricsFollowTheConventions(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(everything{newCollector(tenant.Root(t.TempDir()))})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if want := len(figures) + len(knownAmounts) + 6; len(families) != want {
		t.Errorf("there are %d metrics, want %d", len(families), want)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// served runs metrics on a root and returns what a scrape gets and how it ends.
func served(t *testing.T, root tenant.Root) (scrape func(accept string) (string, string), stop func() error) {
	t.Helper()
	l, err := listenOn("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l, newCollector(root), io.Discard) }()
	scrape = func(accept string) (string, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, "http://"+l.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v: %s", res.Status, err, body)
		}
		return string(body), res.Header.Get("Content-Type")
	}
	stop = func() error {
		cancel()
		return <-ended
	}
	return scrape, stop
}

func TestMetricsAreOpenMetricsForThoseWhoAsk(t *testing.T) {
	root := tenant.Root(t.TempDir())
	log := filepath.Join(string(root), tenant.DefaultAuditLog.Path)
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		t.Fatal(err)
	}
	appendTo(t, log, denial("acme", "namespaces"))
	scrape, stop := served(t, root)
	body, kind := scrape("application/openmetrics-text; version=1.0.0")
	if !strings.HasPrefix(kind, "application/openmetrics-text") || !strings.HasSuffix(body, "# EOF\n") || !strings.Contains(body, "# TYPE bulkhead_denials counter\n") {
		t.Errorf("asked for OpenMetrics, got %s:\n%s", kind, body)
	}
	appendTo(t, log, denial("acme", "namespaces"))
	body, kind = scrape("text/plain")
	if !strings.HasPrefix(kind, "text/plain") || !strings.Contains(body, `bulkhead_denials_total{isolator="namespaces",tenant="acme"} 2`) {
		t.Errorf("asked for text, got %s:\n%s", kind, body)
	}
	if !strings.Contains(body, "bulkhead_build_info{") {
		t.Errorf("no build_info in\n%s", body)
	}
	if err := stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): "is taken by another process; choose another with --listen",
		"9476":                "want an IP address and a port, as 127.0.0.1:9476",
		"example.com:9476":    "want an IP address and a port",
		":9476":               "want an IP address and a port",
		"127.0.0.1:http":      "want a number from 0 to 65535",
		"127.0.0.1:65536":     "want a number from 0 to 65535",
		"127.0.0.1:-1":        "want a number from 0 to 65535",
	} {
		l, err := listenOn(address)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
}

func denial(of, by string) string {
	data, err := json.Marshal(record.Entry{Tenant: of, Decision: record.Refused, Denials: isolator.Denials{{Isolator: by}}})
	must(err)
	return string(data)
}

func appendTo(t *testing.T, path string, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, line := range lines {
		if _, err := f.WriteString(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFollowerLosesNoLineAndReadsNoneTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var f follower
	expect := func(what string, want ...string) {
		t.Helper()
		var got []string
		if err := f.read(path, func(line []byte) { got = append(got, string(line)) }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	expect("there is no file")
	appendTo(t, path, "a", "b")
	expect("it was made", "a", "b")
	expect("nothing was added")
	appendTo(t, path, "c")
	expect("it grew", "c")
	part, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	write := func(s string) {
		t.Helper()
		if _, err := part.WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	write("half")
	expect("a line has no end")
	write(" done\n")
	expect("it has one", "half done")

	must(os.Rename(path, path+".1"))
	expect("it was renamed")
	write("late\n")
	appendTo(t, path, "new")
	expect("and made again", "late", "new")

	must(os.Truncate(path, 0))
	expect("it was truncated")
	appendTo(t, path, "d")
	expect("and grew", "d")
	must(os.Truncate(path, 0))
	appendTo(t, path, "longer than before", "e")
	expect("it was truncated and is longer", "longer than before", "e")

	appendTo(t, path, strings.Repeat("x", longestLine+1), "after", strings.Repeat("y", longestLine))
	expect("a line is too long", "after", strings.Repeat("y", longestLine))
	if f.tooLong != 1 {
		t.Errorf("%d lines were too long, want 1", f.tooLong)
	}
	must(os.Remove(path))
	must(os.Mkdir(path, 0o700))
	if err := f.read(path, func([]byte) {}); err == nil {
		t.Error("a folder was read as a log")
	}
}

func TestDenialsAreCountedWhateverTheLogHolds(t *testing.T) {
	a := newAuditCount("/")
	for _, line := range []string{
		denial("acme", "namespaces"),
		`{"tenant":"acme","decision":"refused","denials":[{"isolator":"namespaces"},{"isolator":"cpu"}]}`,
		`{"decision":"refused","error":"no tenant"}`,
		`{"tenant":"acme","decision":"audited","denials":[{"isolator":"cpu"}],"changes":[{"isolator":"memory"}]}`,
		`{"tenant":"acme","decision":"reported","denials":[{"isolator":"total"}]}`,
		`{"tenant":"acme","decision":"narrowed"}`,
		denial("a\"}\n# EOF", "x"),
		denial(strings.Repeat("a", 100), "\xff\x00"),
		`{"tenant":7}`, `not json`, ``,
	} {
		a.line([]byte(line))
	}
	want := map[denier]float64{
		{"acme", "namespaces"}: 2, {"acme", "cpu"}: 1, {"", "policy"}: 1, {other, "x"}: 1, {other, other}: 1,
	}
	if diff := cmp.Diff(want, a.denied, cmp.AllowUnexported(denier{})); diff != "" {
		t.Errorf("denied (-want +got):\n%s", diff)
	}
	want = map[denier]float64{{"acme", "cpu"}: 1, {"acme", "total"}: 1}
	if diff := cmp.Diff(want, a.audited, cmp.AllowUnexported(denier{})); diff != "" {
		t.Errorf("audited (-want +got):\n%s", diff)
	}
	if a.skipped != 3 {
		t.Errorf("%v lines were left out, want 3", a.skipped)
	}
	for i := range mostDeniers + 10 {
		a.line([]byte(denial(fmt.Sprintf("t%d", i), "cpu")))
	}
	if len(a.denied) > mostDeniers+1 {
		t.Errorf("the log made %d labels", len(a.denied))
	}
}

func FuzzAuditLog(f *testing.F) {
	f.Add([]byte(denial("acme", "cpu") + "\n"))
	f.Add([]byte("{\"denials\":[{}],\"decision\":\"refused\"}\n\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := newAuditCount("/")
		for line := range bytes.Lines(data) {
			a.line(bytes.TrimSuffix(line, []byte("\n")))
		}
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(counted{a})
		if _, err := registry.Gather(); err != nil {
			t.Error(err)
		}
	})
}

// counted is a collector of denials alone.
type counted struct{ *auditCount }

func (c counted) Describe(to chan<- *prometheus.Desc) { to <- denials }
func (c counted) Collect(to chan<- prometheus.Metric) {
	for who, n := range c.denied {
		putter(to)(denials, prometheus.CounterValue, n, who.tenant, who.isolator)
	}
}
