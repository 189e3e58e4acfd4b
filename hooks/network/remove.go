package network

import (
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Undo takes the walls of a container away, and with the last of an installation
// its tables. None is success. It works in the network namespace of the calling
// thread.
func Undo(n Name) error { return Remove(n.Installation, n.Key()) }

// Remove is Undo by the container's key, for walls whose container nobody knows
// any longer.
func Remove(installation, key string) error {
	s, err := look(installation)
	if err != nil || len(s.packets) == 0 {
		return err
	}
	if !slices.ContainsFunc(s.keys(), func(k string) bool { return k != key }) {
		return nft.Script{frames(installation).Add(), packets(installation).Add(), frames(installation).Delete(), packets(installation).Delete()}.Run()
	}
	if !slices.Contains(s.keys(), key) {
		return nil
	}
	script, err := s.release(key, Facts{})
	if err != nil {
		return err
	}
	last, err := s.last(key)
	if err != nil {
		return err
	}
	t := packets(installation)
	for _, passage := range passages {
		if chain := passage + "-" + key; slices.Contains(s.packets, chain) {
			script = append(script, t.FlushChain(chain), t.DeleteChain(chain))
		}
	}
	script = append(script, s.without(key, nil)...)
	for _, chain := range s.packets {
		if strings.HasPrefix(chain, "count-"+key+"-") {
			script = append(script, t.DeleteChain(chain))
		}
	}
	for _, r := range Reasons {
		script = append(script, frames(installation).DeleteCounter(r.counter(key)), t.DeleteCounter(r.counter(key)))
	}
	if err := script.Run(); err != nil {
		return err
	}
	for _, chain := range s.packets {
		if slices.ContainsFunc(last, func(tenant string) bool { return strings.HasPrefix(chain, "count-"+tenantKey(tenant)+"-") }) {
			_ = nft.Script{t.DeleteChain(chain)}.Run() // refused while one without addresses names it
		}
	}
	return nil
}

// last are tenants whose only addresses are the container's. What is the
// tenant's goes with them; it is not tried more often, as each transaction that
// the kernel refuses waits for all CPUs (synchronize_rcu, some 10 ms).
func (s *standing) last(key string) (tenants []string, err error) {
	for _, k := range keysOf(frames(s.installation)) {
		own, err := s.addresses(key, k)
		if err != nil {
			return nil, err
		}
		for _, set := range s.sets {
			name, ok := strings.CutPrefix(strings.TrimSuffix(set, "-"+short[k]), "tenant-")
			if !ok || !strings.HasSuffix(set, "-"+short[k]) {
				continue
			}
			has, err := nft.SetOf{Table: frames(s.installation), Name: set, Key: k}.Elements()
			if err != nil {
				return nil, err
			}
			for _, a := range own {
				delete(has, a.Bytes())
			}
			if len(own) > 0 && len(has) == 0 && !slices.Contains(tenants, name) {
				tenants = append(tenants, name)
			}
		}
	}
	return tenants, nil
}

// Standing are the keys of the containers that have walls in the network
// namespace of the calling thread.
func Standing(installation string) ([]string, error) {
	s, err := look(installation)
	return s.keys(), err
}

// release takes the container's addresses out of what all have in common, but
// for those that it keeps.
func (s *standing) release(key string, keep Facts) (script nft.Script, err error) {
	for _, k := range keysOf(frames(s.installation)) {
		had, err := s.addresses(key, k)
		if err != nil {
			return nil, err
		}
		kept := keep.all(k)
		gone := slices.DeleteFunc(had, func(a nft.Value) bool {
			return slices.ContainsFunc(kept, func(b nft.Value) bool { return a.Bytes() == b.Bytes() })
		})
		if len(gone) == 0 {
			continue
		}
		for _, set := range s.common(k) {
			take, err := those(set, gone, key)
			if err != nil {
				return nil, err
			}
			script = append(script, take...)
		}
	}
	return script, nil
}

// common are the sets of all that hold addresses of a kind.
func (s *standing) common(k nft.Key) (sets []nft.SetOf) {
	for _, t := range []nft.Table{frames(s.installation), packets(s.installation)} {
		if !slices.Contains(keysOf(t), k) {
			continue
		}
		sets = append(sets, members(t, k))
		for _, name := range s.sets { // the tables have those of the same tenants
			if strings.HasPrefix(name, "tenant-") && strings.HasSuffix(name, "-"+short[k]) {
				sets = append(sets, nft.SetOf{Table: t, Name: name, Key: k})
			}
		}
		if t.Family == nft.Inet {
			for _, passage := range passages {
				sets = append(sets, verdicts(t, passage, k))
			}
		}
	}
	return sets
}

// those removes from a set what it has of the addresses; from a map what leads
// to the container.
func those(set nft.SetOf, gone []nft.Value, key string) (nft.Script, error) {
	has, err := set.Elements()
	if err != nil {
		return nil, err
	}
	var there []nft.Value
	for _, a := range gone {
		if chain, ok := has[a.Bytes()]; ok && (!set.Verdicts || strings.HasSuffix(chain, "-"+key)) {
			there = append(there, a)
		}
	}
	if len(there) == 0 {
		return nil, nil
	}
	return nft.Script{set.Take(there...)}, nil
}

// without removes what stands at ends of a container that it has no longer.
func (s *standing) without(key string, ends []string) (script nft.Script) {
	t := frames(s.installation)
	var sets nft.Script
	for _, end := range s.ends(key) {
		if slices.Contains(ends, end) {
			continue
		}
		for _, kind := range ofFrames {
			if chain := hook(kind, key, end); slices.Contains(s.frames, chain) {
				script = append(script, t.FlushChain(chain), t.DeleteChain(chain))
			}
		}
		for _, k := range keysOf(t) {
			sets = append(sets, own(t, key, end, k).Delete())
		}
	}
	return append(script, sets...)
}
