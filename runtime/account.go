package runtime

import (
	"math"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// Account is what the containers of a tenant have been given together. It is
// computed from the records of containers that live or are being made, so that
// nothing can be lost that was never counted. A quantity that a container has
// without limit adds nothing.
type Account struct {
	Containers  int64 `json:"containers"`
	CPUMilli    int64 `json:"cpuMilli"`    // thousandths of a CPU
	MemoryBytes int64 `json:"memoryBytes"` // bytes
	Pids        int64 `json:"pids"`        // tasks
}

// AccountOf adds up what of these records belongs to a tenant, or to one below
// it. A pod's sandbox runs nothing of the tenant's and does not count.
func AccountOf(records []*record.Record, name string) Account {
	var a Account
	for _, r := range records {
		if !r.Belongs(name) || r.IsSandbox || !r.Committed() {
			continue
		}
		a.Containers++
		if r.Resources != nil {
			a.add(given(r.Resources))
		}
	}
	return a
}

func (a *Account) add(b Account) {
	a.CPUMilli += b.CPUMilli
	a.MemoryBytes = addBytes(a.MemoryBytes, b.MemoryBytes)
	a.Pids = addBytes(a.Pids, b.Pids)
}

func addBytes(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// given is what resources bound a container to.
func given(r *specs.LinuxResources) (a Account) {
	if c := r.CPU; c != nil && c.Quota != nil && *c.Quota > 0 {
		period := uint64(100_000) // µs, the kernel's default
		if c.Period != nil && *c.Period > 0 {
			period = *c.Period
		}
		a.CPUMilli = int64(math.Ceil(float64(*c.Quota) / float64(period) * 1000))
	}
	if m := r.Memory; m != nil && m.Limit != nil && *m.Limit > 0 {
		a.MemoryBytes = *m.Limit
	}
	if p := r.Pids; p != nil && p.Limit != nil && *p.Limit > 0 {
		a.Pids = *p.Limit
	}
	return a
}
