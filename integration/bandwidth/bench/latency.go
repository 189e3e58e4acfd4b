package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/integration/bandwidth"
)

const (
	latencyRuns = 10
	requests    = 30_000
	longest     = 50 * time.Second
	floodLimit  = 500_000_000
)

// scene is what another tenant does meanwhile.
type scene string

const (
	quiet scene = "nothing"
	flood scene = "a flood"
	burn  scene = "the same CPU time, no packets"
)

// latency compares small requests of one tenant while another floods within its
// limit, as many datagrams as it can, with those while as much CPU time is burnt.
func latency(ctx context.Context, probe string) (err error) {
	l, err := bandwidth.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	var containers []*bandwidth.Host
	for _, tenant := range []string{"acme", "globex"} {
		c, err := l.Add()
		if err != nil {
			return err
		}
		containers = append(containers, c)
		limits := shape.Limits{Egress: floodLimit, Ingress: floodLimit}
		if _, err := l.Bound(bandwidth.Alone(shape.Tenant{Name: tenant, Limits: limits}, 1), c); err != nil {
			return err
		}
	}
	s := stage{probe: probe, far: l.Far, asker: containers[0], flooder: containers[1]}
	median, slow := map[scene]numbers{}, map[scene]numbers{}
	for run := 1; run <= latencyRuns; run++ {
		for _, what := range []scene{quiet, flood, burn} {
			progress("latency, run %d of %d: beside %s", run, latencyRuns, what)
			m, p99, err := s.ask(ctx, what)
			if err != nil {
				return fmt.Errorf("requests beside %s: %w", what, err)
			}
			median[what], slow[what] = append(median[what], m), append(slow[what], p99)
		}
	}
	fmt.Printf("\nSmall requests of a tenant, in µs, beside another one that floods within its limit of %d Mbit/s:\nthe median of %d runs of %d requests, and the least and the most.\n\n", floodLimit/1_000_000, latencyRuns, requests)
	fmt.Printf("%-32s %-26s %s\n", "beside", "median", "slowest hundredth")
	for _, what := range []scene{quiet, flood, burn} {
		fmt.Printf("%-32s %-26s %s\n", what, median[what], slow[what])
	}
	m, p := ratios(median[flood], median[burn]), ratios(slow[flood], slow[burn])
	fmt.Printf("%-32s %-26s %s\n", "flood : burn", m, p)
	fmt.Printf("%-32s %-26s %s\n", "", m.verdict(), p.verdict())
	return nil
}

// stage is who takes part.
type stage struct {
	probe               string
	far, asker, flooder *bandwidth.Host
	burnt               int // thousandths of a CPU that the last flood used
}

func (s *stage) ask(ctx context.Context, beside scene) (median, slow float64, err error) {
	answer, err := s.far.Probe(ctx, s.probe, "answer", s.far.Address+":5000", strconv.FormatInt(longest.Milliseconds(), 10))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, answer.End()) }()
	if _, err := answer.Line("listening"); err != nil {
		return 0, 0, err
	}
	before, err := used()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	var others []*bandwidth.Prober
	defer func() {
		for _, o := range others {
			err = errors.Join(err, o.End())
		}
		if beside == flood && err == nil {
			s.burnt, err = s.used(others, before, time.Since(begin))
		}
	}()
	milliseconds := strconv.FormatInt(longest.Milliseconds(), 10)
	switch beside {
	case flood:
		at := s.far.Address + ":5001"
		receiver, err := s.far.Probe(ctx, s.probe, "receive", "udp", at, milliseconds)
		if err != nil {
			return 0, 0, err
		}
		others = append(others, receiver)
		if _, err := receiver.Line("listening"); err != nil {
			return 0, 0, err
		}
		sender, err := s.flooder.Probe(ctx, s.probe, "send", "udp", at, milliseconds)
		if err != nil {
			return 0, 0, err
		}
		others = append(others, sender)
	case burn:
		burner, err := s.flooder.Probe(ctx, s.probe, "burn", milliseconds, strconv.Itoa(s.burnt))
		if err != nil {
			return 0, 0, err
		}
		others = append(others, burner)
		if _, err := burner.Line("burning"); err != nil {
			return 0, 0, err
		}
	}
	asker, err := s.asker.Probe(ctx, s.probe, "ask", s.far.Address+":5000", strconv.Itoa(requests))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, asker.End()) }()
	m, err := asker.Number("median")
	if err != nil {
		return 0, 0, err
	}
	p, err := asker.Number("p99")
	return float64(m), float64(p), err
}
