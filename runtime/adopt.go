package runtime

import (
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// A pod's sandbox is adopted into namespaces that its engine made before anybody
// lived in them (containerd's CRI plugin: the network, and since 2.0 the user
// namespace). From its Create on they are its own: a record that has no process
// yet holds them, or two could adopt the same.

// mounted reports whether a namespace is mounted at a path, without a link at
// its end, where nobody but root can put another.
func mounted(path string, ns record.Namespace) bool {
	if !clean(path) {
		return false
	}
	l, err := locate(filepath.Dir(path), path)
	if err != nil {
		return false
	}
	defer l.close()
	return l.guarded && l.stat.Dev == ns.Device && l.stat.Ino == ns.Inode
}

// adopted are the namespaces that the container brings, a sandbox as a rule, and that
// nobody has.
func (d *decision) adopted() []record.Namespace {
	var own []record.Namespace
	for path, h := range d.held {
		if ref := d.facts.Namespaces[path]; d.facts.Brings() && !ref.Host && ref.Owner == nil {
			own = append(own, h.id)
		}
	}
	return own
}

// brought are the namespaces that an exempt sandbox brings. Nobody asks whether
// it may have them, but nobody adopts them either.
func brought(s *specs.Spec, isSandbox bool) []record.Namespace {
	if !isSandbox {
		return nil
	}
	held := hold(s)
	defer held.close()
	var own []record.Namespace
	for _, h := range held {
		if !isHost(h.id) {
			own = append(own, h.id)
		}
	}
	return own
}

// adopts reports errStale when another container has one of the namespaces that
// this one adopts. Each writes its record before it looks at those of others: of
// two at once one sees the other, takes its own back and decides again. The last
// to look finds nobody.
func (a *Accepted) adopts() error {
	if len(a.record.Namespaces) == 0 {
		return nil
	}
	others, err := a.rt.others(a.record.Scope, a.record.ID)
	if err != nil {
		return err
	}
	for _, ns := range a.record.Namespaces {
		if owner(others, ns) != nil {
			return errStale
		}
	}
	return nil
}
