package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// idFacts finds out what is to be known of a request with ID mappings: whose
// the IDs are, and what the kernel counts in its user namespace. All records
// are read for it, so other requests do without.
func (rt *Runtime) idFacts(f *isolator.Facts, s *specs.Spec, tenant string) error {
	uids, gids := idMappings(s)
	if len(uids)+len(gids) == 0 {
		return nil
	}
	var err error
	if f.ForeignIDs, err = rt.foreignIDs(tenant); err != nil {
		return err
	}
	f.UserLimits, err = userLimits("/proc/sys/user")
	return err
}

func idMappings(s *specs.Spec) (uids, gids []specs.LinuxIDMapping) {
	if s.Linux == nil {
		return nil, nil
	}
	return s.Linux.UIDMappings, s.Linux.GIDMappings
}

// foreignIDs are the node's IDs that containers of other tenants have, those
// that are being made among them. A parent is another tenant too.
func (rt *Runtime) foreignIDs(tenant string) (isolator.IDs, error) {
	var ids isolator.IDs
	records, err := record.List(rt.root)
	if err != nil {
		return ids, err
	}
	for _, r := range records {
		if len(r.UIDMappings)+len(r.GIDMappings) == 0 || r.Tenant == tenant || !r.Committed() {
			continue
		}
		ids.UIDs = append(ids.UIDs, rangesOf(r.UIDMappings, r.Tenant)...)
		ids.GIDs = append(ids.GIDs, rangesOf(r.GIDMappings, r.Tenant)...)
	}
	return ids, nil
}

// mapsAlone reports errStale when another tenant's container has taken IDs since
// the request was decided. Each writes its record before it looks at those of
// others, as with namespaces that are adopted.
func (a *Accepted) mapsAlone(d *decision) error {
	if len(a.record.UIDMappings)+len(a.record.GIDMappings) == 0 {
		return nil
	}
	now, err := a.rt.foreignIDs(a.record.Tenant)
	if err != nil {
		return err
	}
	if !sameRanges(now.UIDs, d.facts.ForeignIDs.UIDs) || !sameRanges(now.GIDs, d.facts.ForeignIDs.GIDs) {
		return errStale
	}
	return nil
}

// sameRanges reports whether nobody took a range meanwhile; that somebody gave
// one back is no matter.
func sameRanges(now, before []isolator.IDRange) bool {
	return !slices.ContainsFunc(now, func(r isolator.IDRange) bool { return !slices.Contains(before, r) })
}

func rangesOf(all []specs.LinuxIDMapping, tenant string) []isolator.IDRange {
	var ranges []isolator.IDRange
	for _, m := range all {
		ranges = append(ranges, isolator.IDRange{First: m.HostID, Size: m.Size, Tenant: tenant})
	}
	return ranges
}

// userLimits reads the node's own limits in /proc/sys/user (namespaces(7)), by
// sysctl; none on a kernel that counts nothing by user namespace.
func userLimits(dir string) (map[string]int64, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	limits := map[string]int64{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Name(), err)
		}
		limits["user."+f.Name()] = n
	}
	return limits, nil
}

// runcVersion is that of runc, "1.5.2", and empty for other delegates: they may
// say which runc they are like, but not of which commit they are.
// Source: runc 1.5.2, types/features.
func (d *Delegate) runcVersion() string {
	if d.Features == nil {
		return ""
	}
	if _, is := d.Features.Annotations["org.opencontainers.runc.commit"]; !is {
		return ""
	}
	return d.Features.Annotations["org.opencontainers.runc.version"]
}
