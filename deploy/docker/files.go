package docker

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Mount is one of `--mount`.
type Mount struct {
	Type, Source, Target, Consistency string
	ReadOnly                          bool

	BindOptions struct {
		Propagation                                                string
		NonRecursive, ReadOnlyNonRecursive, ReadOnlyForceRecursive bool
	}
	VolumeOptions struct {
		NoCopy       bool
		Subpath      string
		Labels       map[string]string
		DriverConfig struct {
			Name    string
			Options map[string]string
		}
	}
	ImageOptions struct{ Subpath string }
	TmpfsOptions struct {
		SizeBytes int64
		Mode      uint32
	}
}

// files are its mounts. A volume without a name of its user's keeps the one that
// Docker gave it, and so its content.
func (c *Container) files(w *words) {
	h := c.HostConfig
	w.each("volume", h.Binds)
	said := map[string]bool{}
	for _, b := range h.Binds {
		if parts := strings.Split(b, ":"); len(parts) > 1 {
			said[parts[1]] = true
		}
	}
	for _, m := range h.Mounts {
		for _, is := range c.Mounts {
			if is.Destination == m.Target && m.Type == "volume" {
				m.Source = is.Name
			}
		}
		said[m.Target] = true
		w.flag("mount", m.value(), "")
	}
	for _, m := range c.Mounts {
		if said[m.Destination] || m.Type != "volume" && m.Type != "bind" {
			continue
		}
		asked := Mount{Type: m.Type, Source: m.Source, Target: m.Destination, ReadOnly: !m.RW}
		if m.Type == "volume" {
			asked.Source = m.Name
		}
		w.flag("mount", asked.value(), "")
	}
	for _, at := range slices.Sorted(maps.Keys(h.Tmpfs)) {
		w.flag("tmpfs", strings.TrimSuffix(at+":"+h.Tmpfs[at], ":"), "")
	}
	w.on("read-only", h.ReadonlyRootfs)
	w.pairs("storage-opt", h.StorageOpt)
}

// value is what `--mount` is given: fields of CSV.
func (m Mount) value() string {
	fields := []string{"type=" + m.Type}
	field := func(name, value string) {
		if value != "" && value != "0" {
			fields = append(fields, name+"="+value)
		}
	}
	on := func(name string, is bool) {
		if is {
			fields = append(fields, name)
		}
	}
	field("src", m.Source)
	field("dst", m.Target)
	on("readonly", m.ReadOnly)
	field("consistency", m.Consistency)
	field("bind-propagation", m.BindOptions.Propagation)
	switch b := m.BindOptions; {
	case b.NonRecursive:
		field("bind-recursive", "disabled")
	case b.ReadOnlyNonRecursive:
		field("bind-recursive", "writable")
	case b.ReadOnlyForceRecursive:
		field("bind-recursive", "readonly")
	}
	on("volume-nocopy", m.VolumeOptions.NoCopy)
	field("volume-subpath", m.VolumeOptions.Subpath)
	field("volume-driver", m.VolumeOptions.DriverConfig.Name)
	for _, k := range slices.Sorted(maps.Keys(m.VolumeOptions.DriverConfig.Options)) {
		field("volume-opt", k+"="+m.VolumeOptions.DriverConfig.Options[k])
	}
	for _, k := range slices.Sorted(maps.Keys(m.VolumeOptions.Labels)) {
		field("volume-label", k+"="+m.VolumeOptions.Labels[k])
	}
	field("image-subpath", m.ImageOptions.Subpath)
	field("tmpfs-size", strconv.FormatInt(m.TmpfsOptions.SizeBytes, 10))
	field("tmpfs-mode", fmt.Sprintf("%o", m.TmpfsOptions.Mode))
	return csv(fields)
}
