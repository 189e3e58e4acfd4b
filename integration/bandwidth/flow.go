package bandwidth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Payload is the part of a full Ethernet frame, without its checksum, that an
// application's bytes are over IPv4; TCP has timestamps.
var Payload = map[string]float64{"tcp": 1448. / 1514, "udp": 1472. / 1514}

// A Flow goes from one host to another.
type Flow struct {
	From, To *Host
	Protocol string // tcp or udp
	Port     int
	Offer    int // bits a second; 0: as much as can be
	Write    int // bytes of each datagram; 0: full frames
}

// Carried is what arrived of a flow.
type Carried struct {
	Bytes int
	Time  time.Duration
	CPU   time.Duration // of both ends, with what the kernel did in their place
}

// Goodput runs a flow for so long, and returns the bits a second that arrived.
func (f Flow) Goodput(ctx context.Context, probe string, wall time.Duration) (float64, error) {
	c, err := f.Run(ctx, probe, wall)
	if err != nil {
		return 0, err
	}
	return float64(c.Bytes) * 8 / c.Time.Seconds(), nil
}

// Run runs a flow for so long.
func (f Flow) Run(ctx context.Context, probe string, wall time.Duration) (c Carried, err error) {
	at := fmt.Sprintf("%s:%d", f.To.Address, f.Port)
	receiver, err := f.To.Probe(ctx, probe, "receive", f.Protocol, at, milliseconds(wall))
	if err != nil {
		return c, err
	}
	if _, err := receiver.Line("listening"); err != nil {
		return c, errors.Join(err, receiver.End())
	}
	// Longer than what is received.
	sender, err := f.From.Probe(ctx, probe, "send", f.Protocol, at, milliseconds(wall+wall/5+time.Second), strconv.Itoa(f.Offer), strconv.Itoa(f.Write))
	if err != nil {
		return c, errors.Join(err, receiver.End())
	}
	c.Bytes, err = receiver.Number("bytes")
	if err != nil {
		return c, errors.Join(err, receiver.End(), sender.End())
	}
	micro, err := receiver.Number("microseconds")
	if err == nil && micro == 0 {
		err = errors.New("nothing arrived after the first read")
	}
	err = errors.Join(err, receiver.End(), sender.End())
	c.Time, c.CPU = time.Duration(micro)*time.Microsecond, receiver.CPU()+sender.CPU()
	return c, err
}

// Send sends for so long, to whoever listens or nobody, and returns the bytes
// that were offered.
func (f Flow) Send(ctx context.Context, probe string, wall time.Duration) (int, error) {
	p, err := f.From.Probe(ctx, probe, "send", f.Protocol, fmt.Sprintf("%s:%d", f.To.Address, f.Port), milliseconds(wall), strconv.Itoa(f.Offer))
	if err != nil {
		return 0, err
	}
	offered, err := p.Number("offered")
	return offered, errors.Join(err, p.End())
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// A Prober is one that runs.
type Prober struct {
	cmd    *exec.Cmd
	output *os.File
	lines  *bufio.Scanner
}

// Probe starts the prober at a host.
func (p *Place) Probe(ctx context.Context, probe string, args ...string) (*Prober, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }() // the process has its own
	cmd, err := p.start(ctx, nil, w, probe, args...)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &Prober{cmd, r, bufio.NewScanner(r)}, nil
}

// Line waits for a line that begins with a word, and returns its rest.
func (p *Prober) Line(word string) (string, error) {
	for p.lines.Scan() {
		if rest, ok := strings.CutPrefix(p.lines.Text(), word+" "); ok {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%s ended without a line %q: %w", strings.Join(p.cmd.Args, " "), word, errors.Join(p.lines.Err(), os.ErrNotExist))
}

// Number waits for a line of a word and a number.
func (p *Prober) Number(word string) (int, error) {
	text, err := p.Line(word)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// End ends the prober, if it has not ended.
func (p *Prober) End() error {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // how it ended says nothing any more
	return p.output.Close()
}

// CPU is the time that an ended prober used.
func (p *Prober) CPU() time.Duration {
	if p.cmd.ProcessState == nil {
		return 0
	}
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}
