package network

import (
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// standing is what stands of an installation in a network namespace.
type standing struct {
	installation    string
	frames, packets []string // chains
	sets            []string // of the table of frames
}

func look(installation string) (*standing, error) {
	s := &standing{installation: installation}
	var err error
	if s.packets, err = packets(installation).Chains(); err != nil || len(s.packets) == 0 {
		return s, err
	}
	if s.frames, err = frames(installation).Chains(); err != nil {
		return s, err
	}
	s.sets, err = frames(installation).Sets()
	return s, err
}

// keys are of the containers that have walls.
func (s *standing) keys() []string {
	var keys []string
	for _, chain := range slices.Concat(s.frames, s.packets) {
		kind, rest, _ := strings.Cut(chain, "-")
		if key, _, _ := strings.Cut(rest, "-"); slices.Contains(kinds, kind) && key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// kinds are how the names of a container's chains begin.
var kinds = slices.Concat(ofFrames, passages)

// ends are those at which a container has walls. An end that is gone took its
// hooks along, and left its sets.
func (s *standing) ends(key string) []string {
	var ends []string
	for _, set := range s.sets {
		if end, ok := strings.CutPrefix(set, hook("own4", key, "")); ok {
			ends = append(ends, end)
		}
	}
	return ends
}

// addresses are a container's.
func (s *standing) addresses(key string, k nft.Key) ([]nft.Value, error) {
	var all []nft.Value
	for _, end := range s.ends(key) {
		found, err := own(frames(s.installation), key, end, k).Elements()
		if err != nil {
			return nil, err
		}
		for data := range found {
			if v, ok := k.Value(data); ok {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// needless reports the flush of what is not there yet, and what is made once and
// is there already.
func (s *standing) needless(c nft.Command) bool {
	switch c := c.(type) {
	case nft.Flush:
		if c.Set != "" { // of frames only
			return !slices.Contains(s.sets, c.Set)
		}
		return !s.has(c.Table, c.Chain)
	case nft.Once:
		return s.has(c.Table, c.Chain)
	}
	return false
}

func (s *standing) has(t nft.Table, chain string) bool {
	if t.Family == nft.NetDev {
		return slices.Contains(s.frames, chain)
	}
	return slices.Contains(s.packets, chain)
}
