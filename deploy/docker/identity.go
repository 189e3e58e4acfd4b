package docker

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// identity is what a container is and says of itself.
func (c *Container) identity(w *words, image Config, d defaults) {
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
	maps.DeleteFunc(labels, func(k, v string) bool {
		theirs, is := image.Labels[k]
		return is && theirs == v
	})
	w.pairs("label", labels)
	w.pairs("annotation", h.Annotations)
	policy := h.RestartPolicy.Name
	if n := h.RestartPolicy.MaximumRetryCount; n > 0 {
		policy += ":" + strconv.Itoa(n)
	}
	w.flag("restart", policy, "no")
	w.flag("log-driver", h.LogConfig.Type, d.logDriver())
	w.pairs("log-opt", h.LogConfig.Config)
	if h.Init != nil {
		w.on(map[bool]string{true: "init", false: "init=false"}[*h.Init], true)
	}
	for _, port := range slices.Sorted(maps.Keys(own.ExposedPorts)) {
		_, published := h.PortBindings[port]
		if _, is := image.ExposedPorts[port]; !is && !published {
			w.flag("expose", port, "")
		}
	}
}

// command says the entrypoint, if it is not the image's, and returns what comes
// after the image's name. An entrypoint that is said takes the image's command
// away, so that one without a command is said too.
func (c *Container) command(w *words, image Config) []string {
	entry, command := c.Config.Entrypoint, c.Config.Cmd
	switch {
	case slices.Equal(entry, image.Entrypoint) && slices.Equal(command, image.Cmd):
		return nil
	case slices.Equal(entry, image.Entrypoint) && len(command) > 0:
		return command
	case len(entry) == 0:
		*w = append(*w, "--entrypoint ''")
		return command
	}
	w.flag("entrypoint", entry[0], "")
	return append(slices.Clone(entry[1:]), command...)
}
