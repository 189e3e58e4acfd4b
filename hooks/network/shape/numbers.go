package shape

import (
	"math"
	"time"
)

// frame is a full Ethernet frame; large is the largest packet that is yet to be
// cut into frames, with the headers that these will have.
const (
	frame = 1514
	large = 70_000
)

// fast is the rate from which on packets wait as they come. A packet of
// 64 KiB takes 5 ms there; at 1 Mbit/s it would take half a second in which
// nobody else sends, so below this rate they are cut first.
const fast = 100_000_000

// burst is how long a class that was idle may go on without being held back. A
// timer that comes late, on a busy machine by some milliseconds, costs nothing
// of the rate as long as it is shorter. At least two frames pass.
func burst(r Rate) time.Duration {
	return max(10*time.Millisecond, at(r, 2*frame))
}

// at is how long bytes take at a rate, in whole ticks.
func at(r Rate, bytes uint64) time.Duration {
	return time.Duration(math.Ceil(float64(bytes)/float64(r.bytes())*1e9/float64(tick))) * tick
}

// tick is the kernel's unit of time in messages about queues (PSCHED_SHIFT).
const tick = 64 * time.Nanosecond

// floor is what a leaf below a tenant has for itself. A leaf may send this even
// when its tenant is at the limit, so all of them together must not matter: no
// device has more than 4095. Everything else is borrowed from the tenant, whom
// the leaves take turns to ask (quantum). So their shares are equal, no leaf
// changes when another comes or goes, and what one does not use the others do.
func floor(tenant Rate) Rate { return max(8, tenant/(1<<20)*8) }

// open is the rate of a tenant that has no limit, where its containers have one.
const open Rate = 1_000_000_000_000

// quantum is how many bytes a leaf borrows at its turn. HTB gives a leaf the
// turn also where it owes for the last one, so packets larger than this would
// get more than their share.
func quantum(tenant Rate) uint32 {
	if tenant >= fast {
		return large
	}
	return max(2*frame, uint32(tenant.bytes()/1000))
}
