package network

import (
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Dropped is what all walls of an installation dropped, by their key and the
// reason. It looks into the network namespace of the calling thread.
func Dropped(installation string) (map[string]map[Reason]nft.Counted, error) {
	all := map[string]map[Reason]nft.Counted{}
	for _, t := range []nft.Table{frames(installation), packets(installation)} {
		counters, err := t.Counters()
		if err != nil {
			return nil, err
		}
		for name, c := range counters {
			why, key, ok := strings.Cut(name, "-")
			if !ok {
				continue
			}
			if all[key] == nil {
				all[key] = map[Reason]nft.Counted{}
			}
			sum := all[key][Reason(why)]
			all[key][Reason(why)] = nft.Counted{Packets: sum.Packets + c.Packets, Bytes: sum.Bytes + c.Bytes}
		}
	}
	return all, nil
}
