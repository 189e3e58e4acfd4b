package main

import (
	"bytes"
	"fmt"
	"os"
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
