package shape

import (
	"fmt"
	"time"
)

// queue is where the packets of a leaf wait, a TBF that holds nobody back: HTB
// does. It is there because it bounds what waits in bytes, and cuts packets
// larger than its burst into frames, which HTB does not.
type queue struct {
	limit  uint32        // bytes
	rate   uint64        // bits a second
	buffer time.Duration // at that rate: the largest packet
}

// A queue is as long as what its rate sends in this time. For a flow in a local
// network much shorter ones do; for one to far away this is about the way there
// and back.
const wait = 50 * time.Millisecond

// The bytes of a queue. Some frames must have room; the most bounds what the
// kernel holds for a leaf: packets without payload take it about twelve times
// their length.
const (
	shortest = 32 << 10
	most     = 2 << 20
)

func queueFor(r Rate, mtu int) queue {
	q := queue{limit: uint32(min(most, max(shortest, r.bytes()/1000*uint64(wait.Milliseconds()))))}
	switch {
	case r < fast && mtu <= 1500:
		q.rate, q.buffer = 100_000_000_000, 2*tick // 1600 bytes
	case r < fast && mtu <= 9500:
		q.rate, q.buffer = 100_000_000_000, 12*tick // 9600 bytes
	default:
		q.rate, q.buffer = 1_000_000_000_000, 16*tick // 128000 bytes
		q.limit = max(q.limit, 2*large)
	}
	return q
}

// largest is the bytes of the largest packet.
func (q queue) largest() uint64 { return uint64(q.buffer) * (q.rate / 8) / 1e9 }

func (q queue) String() string {
	return fmt.Sprintf("tbf rate %dgbit burst %db limit %db", q.rate/1e9, q.largest(), q.limit)
}
