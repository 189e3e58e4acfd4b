package doctor

import (
	"context"
	"fmt"
)

// engines: which are there, and which of them can use Bulkhead's shim how.
var _ = register(Check{"engines", checkEngines})

func checkEngines(ctx context.Context, n *Node) ([]Result, error) {
	all, err := n.ofEngines(func(e Engine) ([]Result, error) {
		if e.Kind == buildkitd {
			return nil, nil // said by builds
		}
		said, err := ask(ctx, e.Binary, "--version")
		version := versionOf(said)
		switch {
		case err != nil:
			return nil, err
		case e.Kind == containerd && before(version, 1, 6):
			return []Result{{
				Level: Warning, What: describe(e, version),
				Means: "its shims are started in a way that Bulkhead does not answer", Fix: "containerd 1.6 or later",
			}}, nil
		case e.Kind == dockerd && unnamed(version):
			return []Result{{
				Level: Warning, What: describe(e, version),
				Means: "docker run --runtime cannot name a shim: without another way all containers are outside of Bulkhead",
				Fix:   "bulkhead install docker --takeover, or Docker 23 or later",
			}}, nil
		}
		return ok("%s", describe(e, version)), nil
	})
	if engines, unread := n.engines(); unread == nil && len(engines) == 0 {
		all = append(all, Result{
			Level: Note, What: "neither containerd nor dockerd runs or is installed where programs are",
			Means: "nobody starts Bulkhead's shim", Fix: "install containerd or Docker",
		})
	}
	return all, err
}

// unnamed reports a Docker before 23, which is not told of a shim or a runc by
// name. One before 17 is none of its releases since 2017: what says 2 was built
// from the module github.com/moby/moby/v2, which is Docker 29.
func unnamed(version string) bool { return before(version, 23) && !before(version, 17) }

// describe says what is known of an engine.
func describe(e Engine, version string) string {
	state := "does not run"
	if e.Pid != 0 {
		state = fmt.Sprintf("runs as %d", e.Pid)
	}
	return fmt.Sprintf("%s %s (%s) %s, its configuration is %s", e.Kind, version, e.Binary, state, e.Config)
}
