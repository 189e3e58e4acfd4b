package doctor

import (
	"cmp"
	"slices"
	"strings"
)

// engineOf reads an engine's command line, and has its defaults.
func engineOf(kind, binary string, pid int, args []string, env map[string]string) Engine {
	e := Engine{Kind: kind, Binary: binary, Pid: pid, Args: args, Env: env}
	switch kind {
	case containerd:
		e.Config = cmp.Or(e.flag("--config", "-c"), "/etc/containerd/config.toml")
		e.Root = cmp.Or(e.flag("--root"), "/var/lib/containerd")
		e.Socket = []string{cmp.Or(e.flag("--address", "-a"), "/run/containerd/containerd.sock")}
	case dockerd:
		e.Config = cmp.Or(e.flag("--config-file"), "/etc/docker/daemon.json")
		e.Root = cmp.Or(e.flag("--data-root", "-g"), "/var/lib/docker")
		e.Socket = socketsOf(e.flags("--host", "-H"))
	}
	return e
}

// configure completes an engine by its own file: a flag and dockerd's file never
// name the same, and containerd's flags go before its file.
func (n *Node) configure(e *Engine) {
	switch e.Kind {
	case containerd:
		if e.dump, e.unread = n.containerdConfig(*e); e.unread == nil {
			e.Root = cmp.Or(e.flag("--root"), e.dump.Root, e.Root)
			e.Socket = []string{cmp.Or(e.flag("--address", "-a"), e.dump.GRPC.Address, e.dump.Plugins.GRPC.Address, e.Socket[0])}
		}
	case dockerd:
		c, err := n.dockerConfig(*e) // who needs more of it says what is wrong with it
		if err == nil {
			e.Root = cmp.Or(c.DataRoot, e.Root)
			e.Socket = append(e.Socket, socketsOf(c.Hosts)...)
		}
		if e.Socket == nil {
			e.Socket = []string{"/run/docker.sock"}
		}
	}
}

// socketsOf are the addresses that a dockerd listens on, the local ones as paths.
func socketsOf(hosts []string) (sockets []string) {
	for _, host := range hosts {
		if path, ok := strings.CutPrefix(host, "unix://"); ok {
			host = path
		} else if strings.HasPrefix(host, "fd://") {
			host = "/run/docker.sock" // as docker.socket of systemd has it
		}
		sockets = append(sockets, host)
	}
	return sockets
}

// flag is the last value of an option, under any of its names.
func (e Engine) flag(names ...string) string {
	values := e.flags(names...)
	if values == nil {
		return ""
	}
	return values[len(values)-1]
}

func (e Engine) flags(names ...string) (values []string) {
	for i, arg := range e.Args {
		name, value, given := strings.Cut(arg, "=")
		switch {
		case !slices.Contains(names, name):
		case given:
			values = append(values, value)
		case i+1 < len(e.Args):
			values = append(values, e.Args[i+1])
		}
	}
	return values
}
