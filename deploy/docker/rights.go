package docker

import "strings"

// seccomp begins the option that has a whole profile in it.
const seccomp = "seccomp={"

// rights are what it may.
func (c *Container) rights(w *words) {
	h := c.HostConfig
	w.on("privileged", h.Privileged)
	w.each("cap-add", h.CapAdd)
	w.each("cap-drop", h.CapDrop)
	for _, o := range h.SecurityOpt {
		switch {
		case h.Privileged && o == "label=disable": // which it sets
		case strings.HasPrefix(o, seccomp):
			w.flag("security-opt", "seccomp=/dev/stdin", "")
		default:
			w.flag("security-opt", o, "")
		}
	}
	if h.MaskedPaths != nil && len(h.MaskedPaths) == 0 && !h.Privileged {
		w.flag("security-opt", "systempaths=unconfined", "")
	}
	w.each("group-add", h.GroupAdd)
}

// profile is the seccomp profile that it was given, empty for none: the client
// reads one from a file.
func (c *Container) profile() string {
	for _, o := range c.HostConfig.SecurityOpt {
		if strings.HasPrefix(o, seccomp) {
			return strings.TrimPrefix(o, "seccomp=")
		}
	}
	return ""
}
