package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A place is where a cgroup is, in one of the forms that linux.cgroupsPath has:
// "/bulkhead/research.t/acme.t", "bulkhead-research-acme.slice" and, for a
// container, "<slice>:<prefix>:<name>".

const (
	// tenantSuffix tells a tenant's directory from a container's, which ends in
	// ".c": the label of a tenant has no dot.
	tenantSuffix = ".t"
	sliceSuffix  = ".slice"
)

// base is the parent of all tenants' cgroups.
func (t *Tree) base() string {
	name := "bulkhead"
	if i := t.root.Installation(); i != "" {
		name += "_" + i
	}
	if systemd() {
		return name + sliceSuffix
	}
	return "/" + name
}

// below is the place of a tenant in its parent's. systemd nests slices by the
// '-' in their names, so those of a tenant's name become '_', which no label has.
func below(place, name string) string {
	if slice, ok := strings.CutSuffix(place, sliceSuffix); ok {
		return slice + "-" + strings.ReplaceAll(name, "-", "_") + sliceSuffix
	}
	return place + "/" + name + tenantSuffix
}

// Place is where a tenant's cgroup is, or would be made. It stays where it was
// made until it goes with its last container, whatever becomes of its parent in
// the policy meanwhile: a second cgroup would give the tenant its limits twice.
func (t *Tree) Place(p *tenant.Policy) (string, error) {
	names := chain(p)
	for i := len(names) - 1; i >= 0; i-- {
		if err := checkName(names[i]); err != nil {
			return "", err
		}
		at, err := t.made(names[i])
		if err != nil {
			return "", err
		}
		if at != "" {
			return belowAll(at, names[i+1:]), nil
		}
	}
	return belowAll(t.base(), names), nil
}

func belowAll(place string, names []string) string {
	for _, name := range names {
		place = below(place, name)
	}
	return place
}

// made is the place of a tenant's cgroup that was made, empty when it has none.
func (t *Tree) made(name string) (string, error) {
	data, err := os.ReadFile(t.note(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the cgroup of tenant %s: %w", name, err)
	}
	place := strings.TrimSpace(string(data))
	if m, err := open(place); err != nil || !exists(m) {
		return "", err // the node was left in between; it is made again
	}
	return place, nil
}

// note is the file that says where a tenant's cgroup was made.
func (t *Tree) note(name string) string { return filepath.Join(t.root.Tenants(), name+".cgroup") }

// levels are the places of the tenants above a place, the outermost first, and
// the place itself; none of a place that is not below the installation's own.
func (t *Tree) levels(place string) []string {
	var all []string
	for up := place; up != t.base(); up = above(up) {
		if up == "" {
			return nil
		}
		all = append([]string{up}, all...)
	}
	return all
}

// above is the place around another, empty for an outermost one.
func above(place string) string {
	if slice, ok := strings.CutSuffix(place, sliceSuffix); ok {
		if cut := strings.LastIndexByte(slice, '-'); cut > 0 {
			return slice[:cut] + sliceSuffix
		}
		return ""
	}
	if cut := strings.LastIndexByte(place, '/'); cut > 0 {
		return place[:cut]
	}
	return ""
}

// TenantAt names the tenant whose place this is.
func TenantAt(place string) string {
	if slice, ok := strings.CutSuffix(place, sliceSuffix); ok {
		return strings.ReplaceAll(slice[strings.LastIndexByte(slice, '-')+1:], "_", "-")
	}
	return strings.TrimSuffix(filepath.Base(place), tenantSuffix)
}

// Holds reports whether a tenant's place is another or above it.
func Holds(outer, inner string) bool {
	for up := inner; up != ""; up = above(up) {
		if up == outer {
			return true
		}
	}
	return false
}

// directory is the path of a place below each hierarchy's mount.
func directory(place string) string {
	if parts := strings.Split(place, ":"); len(parts) == 3 {
		unit := parts[2]
		if !strings.HasSuffix(unit, sliceSuffix) {
			unit = parts[1] + "-" + unit + ".scope"
		}
		return filepath.Join(directory(parts[0]), filepath.Clean("/"+unit))
	}
	if !strings.HasSuffix(place, sliceSuffix) || strings.Contains(place, "/") {
		return filepath.Clean(place)
	}
	path := ""
	for up := place; up != ""; up = above(up) {
		path = "/" + up + path
	}
	return path
}
