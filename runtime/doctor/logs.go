package doctor

import (
	"context"
	"errors"
)

// logs: whether what containers print is bounded.
var _ = register(Check{"logs", checkLogs})

func checkLogs(_ context.Context, n *Node) ([]Result, error) {
	engines, err := n.engines()
	if err != nil {
		return nil, err
	}
	var all []Result
	var errs []error
	for _, e := range engines {
		if e.Kind != dockerd {
			continue
		}
		c, err := n.dockerConfig(e)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if (c.LogDriver == "" || c.LogDriver == "json-file") && c.LogOpts["max-size"] == "" {
			all = append(all, Result{
				Level: Warning, What: e.Name() + " keeps logs without a limit of their size",
				Means: "a container that prints fills the disk of all tenants",
				Fix:   `"log-opts": {"max-size": "10m", "max-file": "3"} in ` + e.Config + `, or "log-driver": "local"; it holds for containers made after a restart`,
			})
			continue
		}
		all = append(all, ok("%s bounds them, or hands them on", e.Name())...)
	}
	return all, errors.Join(errs...)
}
