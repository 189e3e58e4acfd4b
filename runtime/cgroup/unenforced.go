package cgroup

import (
	"fmt"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Note says of a key of a tenant that this node does not hold it, or not whole.
type Note struct {
	Key  string // of the tenant: "requests.memory"
	What string // goes on from the key: "is not kept: …"
}

// Sentences that apply and doctor share: they go on from a key.
const (
	NoMemoryProtection   = "is not kept: cgroup v1 has no memory protection"
	NoChildProtection    = "protects the tenant's cgroup and not its containers: cgroup2 is mounted without " + recursiveProtection
	DirectIOPerContainer = "holds per container and for direct I/O only: cgroup v1 counts neither what is below a cgroup nor what the kernel writes back"
	NoIdle               = "runs with the lowest shares, which is not nothing: the kernel has no cpu.idle"
	NoSwapAccount        = "is not held: the kernel does not account for swap by cgroup"
)

// Unenforced says which keys of a tenant this node holds in part or not at all.
// What it refuses is not among them.
func (t *Tree) Unenforced(of *Tenant) []Note {
	var notes []Note
	add := func(key, what string, err error) {
		if err != nil {
			what = fmt.Sprintf("may not hold, which could not be found out: %v", err)
		}
		if what != "" {
			notes = append(notes, Note{key, what})
		}
	}
	if of.Requests.MemoryBytes > 0 {
		what, err := memoryGap()
		add("requests.memory", what, err)
	}
	if of.Priority == tenant.Idle {
		has, err := t.KernelHas("cpu.idle")
		add("priority", sentenceUnless(has, "Idle "+NoIdle), err)
	}
	if of.Limits.MemoryBytes != nil || of.Limits.SwapBytes > 0 {
		add("limits.swap", swapGap(of), nil)
	}
	for _, l := range of.Limits.BlockIO {
		what, err := blockIOGap(l.Device)
		add("limits.blockIO", what, err)
		if !v2() {
			break // the same of every device
		}
	}
	return notes
}

func sentenceUnless(holds bool, what string) string {
	if holds {
		return ""
	}
	return what
}

func memoryGap() (string, error) {
	switch p, err := MemoryProtection(); {
	case err != nil:
		return "", err
	case p == nil:
		return NoMemoryProtection, nil
	case p.Recursive:
		return "", nil
	case !p.Offered:
		return NoChildProtection + ", which the kernel does not offer", nil
	default:
		return NoChildProtection + "; remount with: " + p.Remount, nil
	}
}

// swapGap: without swap nothing can exceed a limit of it.
func swapGap(of *Tenant) string {
	if !Swapping() {
		return ""
	}
	switch _, _, accounted := Controllers(); {
	case !accounted:
		return NoSwapAccount
	case !v2() && of.Limits.MemoryBytes == nil:
		return "is not held: cgroup v1 limits swap only together with memory; set limits.memory"
	}
	return ""
}

// blockIOGap: on cgroup v2 the limit holds for buffered writes where the file
// system says whose they are.
func blockIOGap(device string) (string, error) {
	if !v2() {
		return DirectIOPerContainer, nil
	}
	major, minor, err := Disk(device)
	if err != nil {
		return "", err
	}
	uncharged, err := Uncharged(major, minor)
	if err != nil || len(uncharged) == 0 {
		return "", err
	}
	return fmt.Sprintf("of %s does not hold for buffered writes to %s: %s does not say which cgroup's they are",
		device, uncharged[0].Point, uncharged[0].Type), nil
}
