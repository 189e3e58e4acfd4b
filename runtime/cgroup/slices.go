package cgroup

import "github.com/opencontainers/cgroups"

// Slices carries out an order on a slice of systemd. The program that speaks to
// it is not the shim: a D-Bus client weighs a quarter of what all of Bulkhead
// adds to that.
type Slices func(SliceOrder) error

// SliceOrder is what shall become of a slice: it is started if it is not there,
// given resources, or stopped.
type SliceOrder struct {
	Slice     string             `json:"slice"` // "bulkhead-acme.slice"
	Stop      bool               `json:"stop,omitempty"`
	Resources *cgroups.Resources `json:"resources,omitempty"`
	IOWeight  uint64             `json:"ioWeight,omitempty"` // 1..10000; 0: as it is

	// CPUsOf is the root of an installation whose tenants' CPUs shall be given
	// out; there is no slice then.
	CPUsOf string `json:"cpusOf,omitempty"`
}

// SliceAbove is the slice around another, "-.slice" around an outermost one.
func SliceAbove(slice string) string {
	if up := above(slice); up != "" {
		return up
	}
	return "-" + sliceSuffix
}
