package docker

import (
	"maps"
	"slices"
	"strings"
)

// An Endpoint is a container's end of a network.
type Endpoint struct {
	Aliases    []string
	Links      []string
	DriverOpts map[string]string
	MacAddress string // of one that does not run: only if it was asked for
	IPAMConfig *struct {
		IPv4Address, IPv6Address string
		LinkLocalIPs             []string
	}
}

// network says which networks' it is, its names and its ports there.
func (c *Container) network(w *words) {
	h := c.HostConfig
	first := c.NetworkSettings.Networks[h.NetworkMode]
	name := h.NetworkMode
	if len(first.DriverOpts) > 0 { // only the long form names them
		name = "name=" + name
		for _, k := range slices.Sorted(maps.Keys(first.DriverOpts)) {
			name += ",driver-opt=" + k + "=" + first.DriverOpts[k]
		}
	}
	w.flag("network", name, "default")
	c.end(w, first, "network-alias")
	mac := c.Config.MacAddress // Docker before 25
	if mac == "" && !c.State.Running {
		mac = first.MacAddress
	}
	w.flag("mac-address", mac, "")
	for _, port := range slices.Sorted(maps.Keys(h.PortBindings)) {
		for _, b := range h.PortBindings[port] {
			at := b.HostPort + ":" + port
			if strings.Contains(b.HostIP, ":") {
				at = "[" + b.HostIP + "]:" + at
			} else if b.HostIP != "" {
				at = b.HostIP + ":" + at
			}
			w.flag("publish", at, "")
		}
	}
	w.on("publish-all", h.PublishAllPorts)
	w.each("dns", h.DNS)
	w.each("dns-search", h.DNSSearch)
	w.each("dns-option", h.DNSOptions)
	w.each("add-host", h.ExtraHosts)
	for _, link := range h.Links { // "/other:/this/alias"
		to, alias, _ := strings.Cut(link, ":")
		w.flag("link", strings.TrimPrefix(to, "/")+":"+alias[strings.LastIndex(alias, "/")+1:], "")
	}
}

// end says its names and addresses in a network. Docker adds its ID and its
// host's name to its names.
func (c *Container) end(w *words, e Endpoint, alias string) {
	w.each(alias, slices.DeleteFunc(slices.Clone(e.Aliases), func(a string) bool {
		return strings.HasPrefix(c.ID, a) || a == c.Config.Hostname
	}))
	if e.IPAMConfig != nil {
		w.flag("ip", e.IPAMConfig.IPv4Address, "")
		w.flag("ip6", e.IPAMConfig.IPv6Address, "")
		w.each("link-local-ip", e.IPAMConfig.LinkLocalIPs)
	}
}

// connects are the commands for networks that it was connected to beside its
// first.
func (c *Container) connects() (commands []string) {
	for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
		if name == c.HostConfig.NetworkMode || name == "bridge" && c.HostConfig.NetworkMode == "default" {
			continue
		}
		e := c.NetworkSettings.Networks[name]
		w := words{"docker network connect"}
		c.end(&w, e, "alias")
		w.each("link", e.Links)
		w.pairs("driver-opt", e.DriverOpts)
		commands = append(commands, strings.Join(append(w, quote(name), quote(c.Name)), " "))
	}
	return commands
}

// namespaces are those that it has of others.
func (c *Container) namespaces(w *words, d defaults) {
	h := c.HostConfig
	w.flag("pid", h.PidMode, "")
	w.flag("ipc", h.IpcMode, "private")
	w.flag("uts", h.UTSMode, "")
	w.flag("userns", h.UsernsMode, "")
	w.flag("cgroupns", h.CgroupnsMode, d.cgroupns())
	w.flag("cgroup-parent", h.CgroupParent, "")
}
