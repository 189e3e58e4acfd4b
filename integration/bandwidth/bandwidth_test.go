package bandwidth

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
)

func probe(t *testing.T) string {
	path, err := filepath.Abs("../../bin/probe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run it with make test-integration", err)
	}
	return path
}

func lab(t *testing.T, containers int) (*Lab, []*Host) {
	if os.Getuid() != 0 {
		t.Skip("makes network namespaces, which needs root")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Fatalf("%v; run it with make test-integration", err)
	}
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	var hosts []*Host
	for range containers {
		h, err := l.Add()
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, h)
	}
	return l, hosts
}

func bound(t *testing.T, l *Lab, tenant shape.Tenant, hosts ...*Host) []shape.Shape {
	t.Helper()
	shapes, err := l.Bound(Alone(tenant, len(hosts)), hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return shapes
}

func traffic(t *testing.T, l *Lab, class uint32) shape.Traffic {
	t.Helper()
	all, err := l.Traffic("acme")
	if err != nil {
		t.Fatal(err)
	}
	return all[class]
}

const mega = 1_000_000

func acme(egress, ingress shape.Rate) shape.Tenant {
	return shape.Tenant{Name: "acme", Limits: shape.Limits{Egress: egress, Ingress: ingress}}
}

// What passes in a time is never more than the limit, its burst and a frame. On a
// machine that is busy it may be less, but not by much where the limit is low.
func TestEachDirectionHasItsLimit(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		for _, direction := range []string{"sent", "received"} {
			t.Run(protocol+" "+direction, func(t *testing.T) {
				l, hosts := lab(t, 1)
				s := bound(t, l, acme(8*mega, 4*mega), hosts...)[0]
				f, class, limit := Flow{From: hosts[0], To: l.Far, Protocol: protocol, Port: 5001}, s.Up, 8e6
				if direction == "received" {
					f.From, f.To, class, limit = f.To, f.From, s.Down, 4e6
				}
				f.Offer = 20 * mega
				begin := time.Now()
				goodput, err := f.Goodput(t.Context(), probe(t), 2*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				passed, took := traffic(t, l, class), time.Since(begin)
				if most := limit/8*(took.Seconds()+0.010) + 2*1514; float64(passed.Bytes) > most {
					t.Errorf("%d bytes in %v, want at most %.0f", passed.Bytes, took, most)
				}
				if least := 0.7 * limit * Payload[protocol]; goodput < least {
					t.Errorf("%.0f bits a second arrived, want at least %.0f", goodput, least)
				}
				t.Logf("%.3f of what the limit allows arrived", goodput/limit/Payload[protocol])
			})
		}
	}
}

// The bytes that a class counts are those of the frames, also where a packet was
// yet to be cut into them.
func TestLimitsCountFrames(t *testing.T) {
	for name, offer := range map[string]int{"frames": 20 * mega, "large packets": 200 * mega} {
		t.Run(name, func(t *testing.T) {
			l, hosts := lab(t, 1)
			s := bound(t, l, acme(1000*mega, 0), hosts...)[0]
			f := Flow{From: hosts[0], To: l.Far, Protocol: "udp", Port: 5001, Offer: offer}
			offered, err := f.Send(t.Context(), probe(t), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			passed := drained(t, l, s.Up)
			frames := float64(offered) / Payload["udp"]
			if over := float64(passed.Bytes) - frames; over < 0 || over > 1000 { // ARP
				t.Errorf("%d bytes passed, want %.0f", passed.Bytes, frames)
			}
		})
	}
}

// drained waits until nothing waits, and nothing was lost.
func drained(t *testing.T, l *Lab, class uint32) (now shape.Traffic) {
	t.Helper()
	await(t, func() bool {
		now = traffic(t, l, class)
		return now.Waiting == 0
	})
	if now.Dropped != 0 {
		t.Errorf("%d packets dropped", now.Dropped)
	}
	return now
}

// await looks until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it was not so in 20 seconds")
		}
	}
}

// flood sends as much as it is let until it is ended.
func flood(t *testing.T, from, to *Host, rate int) *Prober {
	t.Helper()
	p, err := from.Probe(t.Context(), probe(t), "send", "udp", to.Address+":5001", "30000", strconv.Itoa(rate))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestContainersOfATenantShareAndBorrow(t *testing.T) {
	l, hosts := lab(t, 2)
	shapes := bound(t, l, acme(20*mega, 0), hosts...)
	first, second := flood(t, hosts[0], l.Far, 40*mega), flood(t, hosts[1], l.Far, 40*mega)
	counts := func() (a, b shape.Traffic) { return traffic(t, l, shapes[0].Up), traffic(t, l, shapes[1].Up) }
	await(t, func() bool { a, b := counts(); return a.Waiting > 0 && b.Waiting > 0 })
	a0, b0 := counts()
	var a1, b1 shape.Traffic
	await(t, func() bool {
		a1, b1 = counts()
		return a1.Bytes+b1.Bytes > a0.Bytes+b0.Bytes+2*mega
	})
	a, b := float64(a1.Bytes-a0.Bytes), float64(b1.Bytes-b0.Bytes)
	if share := a / (a + b); share < 0.45 || share > 0.55 {
		t.Errorf("of two that want all, one got %.2f", share)
	}
	if err := second.End(); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { _, b := counts(); return b.Waiting == 0 })
	a0, _ = counts()
	begin := time.Now()
	await(t, func() bool { a1, _ = counts(); return a1.Bytes > a0.Bytes+2*mega })
	rate := float64(a1.Bytes-a0.Bytes) * 8 / time.Since(begin).Seconds()
	if rate < 14*mega {
		t.Errorf("one that is alone gets %.0f bits a second, want nearly the tenant's 20 million", rate)
	}
	if err := first.End(); err != nil {
		t.Fatal(err)
	}
}

func TestAContainerHasItsOwnCeiling(t *testing.T) {
	l, hosts := lab(t, 2)
	tenant := acme(0, 50*mega)
	tenant.Container.Ingress = 5 * mega
	shapes := bound(t, l, tenant, hosts...)
	p := flood(t, l.Far, hosts[0], 40*mega)
	await(t, func() bool { return traffic(t, l, shapes[0].Down).Waiting > 0 })
	before, begin := traffic(t, l, shapes[0].Down), time.Now()
	var after shape.Traffic
	await(t, func() bool {
		after = traffic(t, l, shapes[0].Down)
		return after.Bytes > before.Bytes+mega
	})
	passed, took := float64(after.Bytes-before.Bytes), time.Since(begin)
	if most := 5e6/8*(took.Seconds()+0.010) + 2*1514; passed > most {
		t.Errorf("%.0f bytes in %v, want at most %.0f", passed, took, most)
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
}

// What bounds a tenant bounds those below it, and lends to them.
func TestTenantsBelowShareTheirParents(t *testing.T) {
	l, hosts := lab(t, 2)
	f := shape.Family{
		Tenants: []shape.Tenant{
			{Name: "acme", Limits: shape.Limits{Egress: 20 * mega}},
			{Name: "acme-ci", Parent: "acme", Limits: shape.Limits{Egress: 5 * mega}},
		},
		Leaves: []shape.Leaf{{Number: 1, Tenant: "acme"}, {Number: 2, Tenant: "acme-ci"}},
	}
	shapes, err := l.Bound(f, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	var floods []*Prober
	for _, h := range hosts {
		floods = append(floods, flood(t, h, l.Far, 40*mega))
	}
	var before, after [2]shape.Traffic
	read := func(to *[2]shape.Traffic) {
		for i, s := range shapes {
			to[i] = traffic(t, l, s.Up)
		}
	}
	await(t, func() bool { read(&before); return before[0].Waiting > 0 && before[1].Waiting > 0 })
	begin := time.Now()
	await(t, func() bool {
		read(&after)
		return after[0].Bytes+after[1].Bytes > before[0].Bytes+before[1].Bytes+2*mega
	})
	took := time.Since(begin).Seconds()
	parent, child := float64(after[0].Bytes-before[0].Bytes), float64(after[1].Bytes-before[1].Bytes)
	if most := 20e6/8*(took+0.010) + 2*1514; parent+child > most {
		t.Errorf("%.0f bytes of both, want at most %.0f", parent+child, most)
	}
	// A quarter is the child's limit.
	if share := child / (parent + child); share < 0.20 || share > 0.27 {
		t.Errorf("the tenant below got %.2f", share)
	}
	for _, p := range floods {
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
	}
}

// A limit that changes loses nothing that passes or waits.
func TestLimitsChangeWhilePacketsPass(t *testing.T) {
	l, hosts := lab(t, 1)
	tenant := acme(8*mega, 8*mega)
	s := bound(t, l, tenant, hosts...)[0]
	f := Flow{From: hosts[0], To: l.Far, Protocol: "udp", Port: 5001, Offer: 4 * mega}
	type sent struct {
		bytes int
		err   error
	}
	done := make(chan sent, 1)
	go func() {
		bytes, err := f.Send(t.Context(), probe(t), time.Second)
		done <- sent{bytes, err}
	}()
	changes := 0
	for {
		select {
		case got := <-done:
			if got.err != nil {
				t.Fatal(got.err)
			}
			passed := drained(t, l, s.Up)
			frames := float64(got.bytes) / Payload["udp"]
			if over := float64(passed.Bytes) - frames; over < 0 || over > 1000 {
				t.Errorf("%d bytes passed over %d changes, want %.0f", passed.Bytes, changes, frames)
			}
			if changes < 5 {
				t.Errorf("only %d changes", changes)
			}
			return
		default:
			tenant.Limits.Egress = []shape.Rate{200 * mega, 6 * mega, 12 * mega}[changes%3]
			bound(t, l, tenant, hosts...)
			changes++
		}
	}
}

func TestNothingIsLeftOfATenantWithoutContainers(t *testing.T) {
	l, hosts := lab(t, 1)
	bound(t, l, acme(8*mega, 8*mega), hosts...)
	bounded, nobody := Alone(acme(8*mega, 8*mega), 0), hosts
	if _, err := l.Bound(bounded, nobody...); err != nil {
		t.Fatal(err)
	}
	if out := nft(t, l, "list ruleset"); out != "" {
		t.Errorf("rules are left:\n%s", out)
	}
	links, err := l.Node.handle.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if link.Type() == "ifb" {
			t.Errorf("%s is left", link.Attrs().Name)
		}
	}
}
