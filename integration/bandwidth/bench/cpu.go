package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/bandwidth"
)

// tick is the unit of /proc/stat (proc(5), USER_HZ).
const tick = 10 * time.Millisecond

// used is the CPU time that the kernel gave to packets so far, for whomever.
func used() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var user, nice, system, idle, wait, irq, soft int64
	if _, err := fmt.Fscan(bytes.NewReader(bytes.TrimPrefix(data, []byte("cpu "))), &user, &nice, &system, &idle, &wait, &irq, &soft); err != nil {
		return 0, fmt.Errorf("/proc/stat: %w", err)
	}
	return time.Duration(soft) * tick, nil
}

// used returns the thousandths of a CPU that ended processes and the kernel's
// work for them took.
func (s *stage) used(ended []*bandwidth.Prober, before, wall time.Duration) (int, error) {
	now, err := used()
	if err != nil {
		return 0, err
	}
	sum := now - before
	for _, p := range ended {
		sum += p.CPU()
	}
	return int(1000 * sum / wall), nil
}

// deferred is the CPU time that the kernel's threads for packets took so far.
// What it does for packets otherwise is done while a process runs, and is part of
// that process's time (without CONFIG_IRQ_TIME_ACCOUNTING).
func deferred() (sum time.Duration, err error) {
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		comm, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(comm, []byte("ksoftirqd/")) {
			continue // it has ended, or is another
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(name), "schedstat"))
		if err != nil {
			return 0, err
		}
		var ran int64
		if _, err := fmt.Fscan(bytes.NewReader(data), &ran); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		sum += time.Duration(ran)
	}
	return sum, nil
}
