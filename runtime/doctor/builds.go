package doctor

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// builds: whether the steps of builds are a tenant's. BuildKit runs its own
// runc, and no shim ever sees it.
var _ = register(Check{"builds", checkBuilds})

// ociCommand is the program that has a tenant's rules before runc.
const ociCommand = "bulkhead-runc"

func checkBuilds(ctx context.Context, n *Node) ([]Result, error) {
	return n.ofEngines(func(e Engine) ([]Result, error) {
		var command, fix string
		switch e.Kind {
		case dockerd:
			said, err := ask(ctx, e.Binary, "--version")
			if err != nil {
				return nil, err
			}
			command, fix = n.dockersRunc(e, versionOf(said))
		case buildkitd:
			command = e.flag("--oci-worker-binary")
			fix = "buildkitd --oci-worker-binary=/usr/local/bin/" + ociCommand
		default:
			return nil, nil
		}
		if command != "" && (filepath.Base(command) == ociCommand || base(command) == ociCommand || base(n.path(command)) == ociCommand) {
			return ok("%s runs build steps by %s", e.Name(), command), nil
		}
		return []Result{{
			Level: Failure, What: "build steps of " + e.Name() + " run outside every tenant",
			Means: "docker build runs any command without a tenant's limits and filters: BuildKit starts runc itself",
			Fix:   fix,
		}}, nil
	})
}

// dockersRunc is what a dockerd's BuildKit runs, and how to have it run
// Bulkhead's. Before Docker 23 it reads no variable, and finds runc on its PATH.
func (n *Node) dockersRunc(e Engine, version string) (command, fix string) {
	if unnamed(version) {
		return n.onPath(e, "runc"), "bulkhead install docker --takeover, or a link called runc to " + ociCommand + " in a folder ahead of runc's in the daemon's PATH, and not in containerd's"
	}
	if command = e.Env["DOCKER_BUILDKIT_RUNC_COMMAND"]; e.Pid == 0 {
		command = n.dropIn()
	}
	return command, "bulkhead install docker, or DOCKER_BUILDKIT_RUNC_COMMAND=/usr/local/bin/" + ociCommand + " in the daemon's environment, in a systemd drop-in of docker.service"
}

var runcCommand = regexp.MustCompile(`(?m)^Environment="?DOCKER_BUILDKIT_RUNC_COMMAND=([^"\s]+)`)

// dropIn is what systemd will give a dockerd that does not run; the last wins.
func (n *Node) dropIn() (command string) {
	var files []string
	for _, folder := range []string{"/usr/lib/systemd/system", "/etc/systemd/system"} {
		found, _ := filepath.Glob(n.path(folder, "docker.service.d/*.conf")) // the pattern is well formed
		files = append(files, found...)
	}
	slices.SortStableFunc(files, compareBase)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if m := runcCommand.FindSubmatch(data); err == nil && m != nil {
			command = string(m[1])
		}
	}
	return command
}

func compareBase(a, b string) int {
	switch x, y := filepath.Base(a), filepath.Base(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
