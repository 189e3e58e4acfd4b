package doctor

import "context"

// logs: whether what containers print is bounded.
var _ = register(Check{"logs", checkLogs})

func checkLogs(_ context.Context, n *Node) ([]Result, error) {
	return n.ofEngines(func(e Engine) ([]Result, error) {
		if e.Kind != dockerd {
			return nil, nil
		}
		c, err := n.dockerConfig(e)
		if err != nil {
			return nil, err
		}
		if (c.LogDriver == "" || c.LogDriver == "json-file") && c.LogOpts["max-size"] == "" {
			return []Result{{
				Level: Warning, What: e.Name() + " keeps logs without a limit of their size",
				Means: "a container that prints fills the disk of all tenants",
				Fix:   `"log-opts": {"max-size": "10m", "max-file": "3"} in ` + e.Config + `, or "log-driver": "local"; it holds for containers made after a restart`,
			}}, nil
		}
		return ok("%s bounds them, or hands them on", e.Name()), nil
	})
}
