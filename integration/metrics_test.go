package integration

import (
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/typeurl/v2"

	cgroup1 "github.com/containerd/cgroups/v3/cgroup1/stats"
	cgroup2 "github.com/containerd/cgroups/v3/cgroup2/stats"
)

// metrics returns the number of tasks and the memory limit, of either version.
func metrics(s *stage, m *types.Metric) (pids, memory uint64) {
	s.Helper()
	data, err := typeurl.UnmarshalAny(m.Data)
	s.must(err)
	switch d := data.(type) {
	case *cgroup1.Metrics:
		return d.Pids.Current, d.Memory.Usage.Limit
	case *cgroup2.Metrics:
		return d.Pids.Current, d.Memory.UsageLimit
	default:
		s.Fatalf("metrics of type %T", data)
		return 0, 0
	}
}
