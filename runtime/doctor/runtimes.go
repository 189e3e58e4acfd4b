package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// runtimes: whether a container can be started by another than Bulkhead.
var _ = register(Check{"runtimes", checkRuntimes})

const byTakeover = "bulkhead install containerd --takeover, or docker: Bulkhead's shim under the stock one's name first on the engine's PATH"

func checkRuntimes(_ context.Context, n *Node) ([]Result, error) {
	return n.ofEngines(func(e Engine) (found []Result, err error) {
		switch e.Kind {
		case containerd:
			found, err = n.containerdRuntimes(e)
		case dockerd:
			found, err = n.dockerRuntimes(e)
		default:
			return nil, nil
		}
		if err == nil && found == nil {
			found = ok("%s starts nothing but Bulkhead", e.Name())
		}
		return found, err
	})
}

func (n *Node) containerdRuntimes(e Engine) (all []Result, err error) {
	taken, found := n.taken(e)
	if found && !taken {
		all = append(all, Result{
			Level: Warning, What: e.Name() + ": a client can choose the stock shim",
			Means: "ctr run --runtime " + stockType + " starts a container outside every tenant",
			Fix:   byTakeover,
		})
	}
	if e.unread != nil {
		return all, e.unread
	}
	said, err := ask(context.Background(), e.Binary, "--version")
	if err != nil {
		return all, err
	}
	cri := e.dump.handlers()
	others := slices.Sorted(maps.Keys(cri.Runtimes))
	others = slices.DeleteFunc(others, func(name string) bool {
		h := cri.Runtimes[name]
		if before(versionOf(said), 1, 6, 21) {
			h.Path = "" // its client, which the CRI plugin uses, does not send it on (container.go, NewTask)
		}
		return h.ours(taken)
	})
	if len(others) == 0 {
		return all, nil
	}
	if byDefault := cri.Default; slices.Contains(others, byDefault) {
		all = append(all, Result{
			Level: Warning, What: fmt.Sprintf("%s: the default handler %s is not Bulkhead's", e.Name(), byDefault),
			Means: "a pod without a RuntimeClass runs outside every tenant",
			Fix:   "bulkhead install containerd --cri --default, or require its RuntimeClass by an admission policy",
		})
	}
	return append(all, Result{
		Level: Warning, What: fmt.Sprintf("%s: handlers that are not Bulkhead's: %s", e.Name(), strings.Join(others, ", ")),
		Means: "a pod whose RuntimeClass names one runs outside every tenant",
		Fix:   "remove the handlers, let their runtime_path be Bulkhead's shim, or forbid their RuntimeClasses by an admission policy",
	}), nil
}

// dockerRuntime is an entry of daemon.json.
type dockerRuntime struct {
	Path string `json:"path"`
	Type string `json:"runtimeType"`
}

func (n *Node) dockerRuntimes(e Engine) ([]Result, error) {
	engines, err := n.engines()
	if err != nil {
		return nil, err
	}
	c, err := n.dockerConfig(e)
	if err != nil {
		return nil, err
	}
	taken, _ := n.taken(starter(e, c.Containerd, engines))
	ours := func(name string) bool {
		var r dockerRuntime
		if name == "runc" || name == stockType {
			return taken
		}
		if json.Unmarshal(c.Runtimes[name], &r) != nil {
			return name == ownType
		}
		if r.Type == ownType || base(r.Type) == ownShim || r.Path != "" && base(n.path(r.Path)) == ociCommand {
			return true
		}
		return taken && (r.Type == "" || r.Type == stockType) // Bulkhead refuses its program, as another delegate
	}
	var all []Result
	if byDefault := cmp.Or(c.DefaultRuntime, "runc"); !ours(byDefault) {
		all = append(all, Result{
			Level: Warning, What: fmt.Sprintf("%s: the default runtime %s is not Bulkhead's", e.Name(), byDefault),
			Means: "docker run without --runtime starts a container outside every tenant",
			Fix:   "bulkhead install docker --default, or " + byTakeover,
		})
	}
	others := slices.DeleteFunc(append(slices.Sorted(maps.Keys(c.Runtimes)), "runc"), ours)
	if len(others) > 0 {
		all = append(all, Result{
			Level: Warning, What: fmt.Sprintf("%s: a client can choose a runtime that is not Bulkhead's: %s", e.Name(), strings.Join(others, ", ")),
			Means: "docker run --runtime " + others[0] + " starts a container outside every tenant",
			Fix:   byTakeover + "; remove others from " + e.Config,
		})
	}
	return all, nil
}

// starter is the containerd that starts shims for a dockerd: the one that it is
// told, the only one, or itself, whose environment the one that it starts has.
func starter(e Engine, address string, engines []Engine) Engine {
	for _, other := range engines {
		if other.Kind == containerd && address != "" && slices.Contains(other.Socket, address) {
			return other
		}
	}
	return e
}
