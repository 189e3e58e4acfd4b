package network

import (
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Drops is what a container's walls dropped, by reason. It looks into the
// network namespace of the calling thread.
func Drops(n Name) (map[Reason]nft.Counted, error) {
	dropped := map[Reason]nft.Counted{}
	for _, t := range []nft.Table{frames(n.Installation), packets(n.Installation)} {
		counters, err := t.Counters()
		if err != nil {
			return nil, err
		}
		for name, c := range counters {
			if why, ok := strings.CutSuffix(name, "-"+n.Key()); ok {
				sum := dropped[Reason(why)]
				dropped[Reason(why)] = nft.Counted{Packets: sum.Packets + c.Packets, Bytes: sum.Bytes + c.Bytes}
			}
		}
	}
	return dropped, nil
}
