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

func checkBuilds(_ context.Context, n *Node) ([]Result, error) {
	engines, err := n.engines()
	if err != nil {
		return nil, err
	}
	var all []Result
	for _, e := range engines {
		var command, fix string
		switch e.Kind {
		case dockerd:
			if command = e.Env["DOCKER_BUILDKIT_RUNC_COMMAND"]; e.Pid == 0 {
				command = n.dropIn()
			}
			fix = "DOCKER_BUILDKIT_RUNC_COMMAND=/usr/local/bin/" + ociCommand + " in the daemon's environment, in a systemd drop-in of docker.service"
		case buildkitd:
			command = e.flag("--oci-worker-binary")
			fix = "buildkitd --oci-worker-binary=/usr/local/bin/" + ociCommand
		default:
			continue
		}
		if command != "" && (filepath.Base(command) == ociCommand || base(n.path(command)) == ociCommand) {
			all = append(all, ok("%s runs build steps by %s", e.Name(), command)...)
			continue
		}
		all = append(all, Result{
			Level: Failure, What: "build steps of " + e.Name() + " run outside every tenant",
			Means: "docker build runs any command without a tenant's limits and filters: BuildKit starts runc itself",
			Fix:   fix,
		})
	}
	return all, nil
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
