package docker

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A DeviceRequest asks a driver for devices, as `--gpus` does.
type DeviceRequest struct {
	Driver       string
	Count        int // -1: all
	DeviceIDs    []string
	Capabilities [][]string
	Options      map[string]string
}

// devices are those of the node that it has.
func (c *Container) devices(w *words) {
	h := c.HostConfig
	for _, d := range h.Devices {
		w.flag("device", d.PathOnHost+":"+d.PathInContainer+":"+d.CgroupPermissions, "")
	}
	w.each("device-cgroup-rule", h.DeviceCgroupRules)
	for _, r := range h.DeviceRequests {
		if r.Driver == "cdi" {
			w.each("device", r.DeviceIDs)
			continue
		}
		w.flag("gpus", r.value(), "")
	}
	w.number("blkio-weight", h.BlkioWeight, 0)
	for _, d := range h.BlkioWeightDevice {
		w.flag("blkio-weight-device", fmt.Sprintf("%s:%d", d.Path, d.Weight), "")
	}
	for _, l := range []struct {
		name  string
		rates []Rate
	}{
		{"device-read-bps", h.BlkioDeviceReadBps}, {"device-write-bps", h.BlkioDeviceWriteBps},
		{"device-read-iops", h.BlkioDeviceReadIOps}, {"device-write-iops", h.BlkioDeviceWriteIOps},
	} {
		for _, r := range l.rates {
			w.flag(l.name, fmt.Sprintf("%s:%d", r.Path, r.Rate), "")
		}
	}
}

// value is what `--gpus` is given: fields of CSV, a list in one of them. The
// client adds the capability "gpu".
func (r DeviceRequest) value() string {
	var fields []string
	if r.Driver != "" {
		fields = append(fields, "driver="+r.Driver)
	}
	switch {
	case len(r.DeviceIDs) > 0:
		fields = append(fields, "device="+strings.Join(r.DeviceIDs, ","))
	case r.Count < 0:
		fields = append(fields, "count=all")
	default:
		fields = append(fields, "count="+strconv.Itoa(r.Count))
	}
	for _, all := range r.Capabilities {
		if all = slices.DeleteFunc(slices.Clone(all), func(c string) bool { return c == "gpu" }); len(all) > 0 {
			fields = append(fields, "capabilities="+strings.Join(all, ","))
		}
	}
	var options []string
	for _, k := range slices.Sorted(maps.Keys(r.Options)) {
		options = append(options, k+"="+r.Options[k])
	}
	if len(options) > 0 {
		fields = append(fields, "options="+csv(options))
	}
	return csv(fields)
}
