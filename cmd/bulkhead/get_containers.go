package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func listContainers(root tenant.Root) (*listing, error) {
	l := &listing{
		header: []string{"CONTAINER", "NAMESPACE", "TENANT", "MODE", "PID", "POLICY", "AGE"},
		wide:   []string{"CGROUP", "BUNDLE"},
	}
	records, err := record.List(root)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b *record.Record) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range records {
		pid := "-" // not started yet, or ended and not yet deleted
		if r.Alive() {
			pid = strconv.Itoa(r.Pid)
		}
		l.add(item{
			name:   r.ID,
			cells:  []string{r.ID, namespaceOf(r.Scope), cmp.Or(r.Tenant, "-"), mode(r), pid, cmp.Or(short(r.Version), "-"), age(r.Created)},
			wide:   []string{cmp.Or(r.Cgroup, "-"), r.Bundle},
			object: r,
		})
	}
	return l, nil
}

func mode(r *record.Record) string {
	switch {
	case r.Exempt:
		return "exempt"
	case r.Enforced:
		return string(tenant.Enforce)
	case r.Glass:
		return "glass"
	}
	return string(tenant.Audit)
}

// namespaceOf is the containerd namespace of a record's scope.
func namespaceOf(scope string) string { return strings.TrimPrefix(scope, record.Scope("")) }

// age is a time as kubectl shows it: "5m", "2d3h".
func age(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return duration.HumanDuration(time.Since(t))
}
