package integration

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// Pods go on running without containerd, and under the next one as before.
func TestCRIPodsOutliveContainerd(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		var before []*criContainer
		for _, handler := range s.handlers() {
			before = append(before, s.pod(acmePods, handler).sleeper(), s.pod(globexPods, handler).sleeper())
		}
		pids, had := map[string]int{}, map[string]limits{}
		for _, c := range before {
			pids[c.ID], had[c.ID] = c.pid(), c.limits()
		}
		s.must(s.Kill())
		for id, pid := range pids {
			if !host.Alive(pid) {
				s.Errorf("container %s ended with containerd", id)
			}
		}
		s.must(s.Restart(s.ctx))
		s.must(s.Ready(s.ctx))
		var succeeded, failed atomic.Int64
		ctx, stop := context.WithCancel(s.ctx)
		defer stop()
		var all sync.WaitGroup
		for _, c := range before {
			status, err := c.Status(s.ctx)
			s.must(err)
			if status.State != cri.ContainerState_CONTAINER_RUNNING || c.pid() != pids[c.ID] || c.limits() != had[c.ID] {
				s.Errorf("container %s is %s, process %d, %+v; was process %d, %+v", c.ID, status.State, c.pid(), c.limits(), pids[c.ID], had[c.ID])
			}
			all.Go(func() { c.probe(ctx, &succeeded, &failed) })
		}
		s.until("probes go on", func() bool { return succeeded.Load()+failed.Load() >= 12 })
		stop()
		all.Wait()
		if failed.Load() != 0 {
			s.Errorf("%d probes of %d failed", failed.Load(), succeeded.Load()+failed.Load())
		}
		s.must(before[0].Update(s.ctx, &cri.LinuxContainerResources{MemoryLimitInBytes: 1024 * mi}))
		if got := before[0].limits().memory; got != 256*mi {
			s.Errorf("an update after the restart gives %d Mi, want the tenant's", got/mi)
		}
	})
}

// Both ways to name Bulkhead start its shim, but containerd up to 1.6.20 starts
// the stock one by runtime_path: its client, which the CRI plugin uses, does not
// send the path on (container.go, NewTask; 1.6.21 does).
func TestCRIHandlersStartBulkhead(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, handler := range []string{pods.ByType, pods.ByPath, pods.Stock} {
			want := "containerd-shim-bulkhead-v2"
			if handler == pods.Stock || handler == pods.ByPath && !s.Engine.AtLeast(1, 7) {
				want = "containerd-shim-runc-v2"
			}
			c := s.pod(acmePods, handler).sleeper()
			if got := filepath.Base(host.Program(host.Parent(c.pid()))); got != want {
				s.Errorf("the handler %s starts %s, want %s", handler, got, want)
			}
			if got := strings.Contains(s.listed(), c.ID); got != (want == "containerd-shim-bulkhead-v2") {
				s.Errorf("the handler %s: its container is listed: %v", handler, got)
			}
		}
	})
}

// listed is what the operator sees of the node.
func (s *criStage) listed() string {
	s.Helper()
	res, err := s.Bulkhead(s.ctx, "get", "containers")
	s.must(err)
	s.must(res.Failed())
	return res.Stdout
}
