package main

import (
	"fmt"
	"io"
	goruntime "runtime"
	"slices"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A shim is one column.
type shim struct{ title, runtime string }

var shims = []shim{{"Bulkhead", node.Bulkhead}, {"the stock shim", node.Stock}}

// results are what was measured, in percent, by race and shim.
type results map[string][]float64

func (rs results) add(r race, s shim, percent float64) {
	key := r.title + "/" + s.title
	rs[key] = append(rs[key], percent)
}

// cell is the median, and between which values the runs lay.
func (rs results) cell(r race, s shim) string {
	all := slices.Sorted(slices.Values(rs[r.title+"/"+s.title]))
	return fmt.Sprintf("%5.1f (%.1f to %.1f)", median(all), all[0], all[len(all)-1])
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func (rs results) print(w io.Writer, e node.Engine) {
	runs := len(rs[races[0].title+"/"+shims[0].title])
	cgroups := "cgroup v1"
	if host.V2() {
		cgroups = "cgroup v2"
	}
	fmt.Fprintf(w, "\nThe part of the CPU that the first of two gets while both want all of it, in percent:\n")
	fmt.Fprintf(w, "the median of %d runs, and the least and the most. %s, %d CPUs, %s.\n\n", runs, e.Name, goruntime.NumCPU(), cgroups)
	fmt.Fprintf(w, "%-24s %6s   %-22s %s\n", "", "ideal", shims[0].title, shims[1].title)
	for _, r := range races {
		fmt.Fprintf(w, "%-24s %6.1f   %-22s %s\n", r.title, r.ideal(), rs.cell(r, shims[0]), rs.cell(r, shims[1]))
	}
	fmt.Fprintf(w, "\nThe stock shim knows no tenants: there each container has CPU shares by its weight.\n\n")
}
