package docker

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// identity is what a container is and says of itself.
func (c *Container) identity(w *words, image Config) {
	own, h := c.Config, c.HostConfig
	if !strings.HasPrefix(c.ID, own.Hostname) && !strings.HasPrefix(h.NetworkMode, "container:") && h.NetworkMode != "host" {
		w.flag("hostname", own.Hostname, "")
	}
	w.flag("domainname", own.Domainname, "")
	w.flag("user", own.User, image.User)
	w.flag("workdir", own.WorkingDir, image.WorkingDir)
	w.flag("stop-signal", own.StopSignal, image.StopSignal)
	if own.StopTimeout != nil {
		w.number("stop-timeout", int64(*own.StopTimeout), -1)
	}
	w.on("tty", own.Tty)
	w.on("interactive", own.OpenStdin)
	w.on("rm", h.AutoRemove)
	w.each("env", slices.DeleteFunc(slices.Clone(own.Env), func(e string) bool { return slices.Contains(image.Env, e) }))
	labels := maps.Clone(own.Labels)
	maps.DeleteFunc(labels, func(k, v string) bool { return image.Labels[k] == v })
	w.pairs("label", labels)
	w.pairs("annotation", h.Annotations)
	policy := h.RestartPolicy.Name
	if n := h.RestartPolicy.MaximumRetryCount; n > 0 {
		policy += ":" + strconv.Itoa(n)
	}
	w.flag("restart", policy, "no")
	w.flag("log-driver", h.LogConfig.Type, "json-file")
	w.pairs("log-opt", h.LogConfig.Config)
	if h.Init != nil {
		w.on("init", *h.Init)
	}
}

// namespaces are those that it has of others, and its networks.
func (c *Container) namespaces(w *words) {
	h := c.HostConfig
	w.flag("network", h.NetworkMode, "default")
	if n := c.NetworkSettings.Networks[h.NetworkMode]; true {
		w.each("network-alias", slices.DeleteFunc(slices.Clone(n.Aliases), func(a string) bool { return strings.HasPrefix(c.ID, a) }))
		if n.IPAMConfig != nil {
			w.flag("ip", n.IPAMConfig.IPv4Address, "")
			w.flag("ip6", n.IPAMConfig.IPv6Address, "")
		}
	}
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
	w.each("add-host", h.ExtraHosts)
	w.flag("pid", h.PidMode, "")
	w.flag("ipc", h.IpcMode, "private")
	w.flag("uts", h.UTSMode, "")
	w.flag("userns", h.UsernsMode, "")
	w.flag("cgroup-parent", h.CgroupParent, "")
}

// otherNetworks are those that it was connected to beside its first.
func (c *Container) otherNetworks() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.NetworkSettings.Networks)), func(n string) bool {
		return n == c.HostConfig.NetworkMode || n == "bridge" && c.HostConfig.NetworkMode == "default"
	})
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
	for _, m := range c.Mounts {
		if said[m.Destination] || m.Type != "volume" && m.Type != "bind" {
			continue
		}
		from := m.Source
		if m.Type == "volume" {
			from = m.Name
		}
		mount := fmt.Sprintf("type=%s,src=%s,dst=%s", m.Type, from, m.Destination)
		if !m.RW {
			mount += ",readonly"
		}
		w.flag("mount", mount, "")
	}
	for _, m := range h.Mounts {
		if m.Type == "tmpfs" {
			w.flag("tmpfs", m.Target, "")
		}
	}
	for _, at := range slices.Sorted(maps.Keys(h.Tmpfs)) {
		w.flag("tmpfs", strings.TrimSuffix(at+":"+h.Tmpfs[at], ":"), "")
	}
	w.on("read-only", h.ReadonlyRootfs)
	for _, d := range h.Devices {
		w.flag("device", d.PathOnHost+":"+d.PathInContainer+":"+d.CgroupPermissions, "")
	}
}

// resources are its limits, in the units of docker run.
func (c *Container) resources(w *words) {
	h := c.HostConfig
	w.number("memory", h.Memory, 0)
	if h.MemorySwap != 2*h.Memory {
		w.number("memory-swap", h.MemorySwap, 0)
	}
	w.number("memory-reservation", h.MemoryReservation, 0)
	w.flag("cpus", strconv.FormatFloat(float64(h.NanoCpus)/1e9, 'f', -1, 64), "0")
	w.number("cpu-shares", h.CPUShares, 0)
	w.number("cpu-quota", h.CPUQuota, 0)
	w.number("cpu-period", h.CPUPeriod, 0)
	w.flag("cpuset-cpus", h.CpusetCpus, "")
	if h.ShmSize > 0 {
		w.number("shm-size", h.ShmSize, 64<<20)
	}
	w.number("oom-score-adj", int64(h.OomScoreAdj), 0)
	if h.PidsLimit != nil {
		w.number("pids-limit", *h.PidsLimit, 0)
	}
	for _, u := range h.Ulimits {
		w.flag("ulimit", fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard), "")
	}
	w.pairs("sysctl", h.Sysctls)
}

// rights are what it may.
func (c *Container) rights(w *words) {
	h := c.HostConfig
	w.on("privileged", h.Privileged)
	w.each("cap-add", h.CapAdd)
	w.each("cap-drop", h.CapDrop)
	if !h.Privileged { // which sets one that need not be said
		w.each("security-opt", h.SecurityOpt)
	}
	w.each("group-add", h.GroupAdd)
}
