package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// criNodes are those that tests have asked for, one an engine, each started
// once.
var criNodes struct {
	sync.Mutex
	started map[string]*pods.Node // by the engine's name; guarded by the mutex
}

// criNode starts a node that lives until the last test has ended.
func criNode(t *testing.T, e node.Engine) *pods.Node {
	t.Helper()
	criNodes.Lock()
	defer criNodes.Unlock()
	if n := criNodes.started[e.Name]; n != nil {
		return n
	}
	start := pods.Start
	if host.Systemd() && host.V2() { // a kubelet's driver there
		start = pods.StartWithSlices
	}
	n, err := start(context.Background(), e, podPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if criNodes.started == nil {
		criNodes.started = map[string]*pods.Node{}
	}
	criNodes.started[e.Name] = n
	return n
}

// endCRINodes ends them all, prints what was counted, and says what was left.
func endCRINodes() []error {
	criNodes.Lock()
	defer criNodes.Unlock()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(criNodes.started)) {
		n := criNodes.started[name]
		fmt.Printf("CRI on %s: %s\n", name, n.Counts())
		if err := n.Close(); err != nil {
			errs = append(errs, fmt.Errorf("CRI on %s: %w", name, err))
		}
	}
	return errs
}

// A criStage is one test on one engine's CRI. It fails the test instead of
// returning errors, and expects at its end that nothing of a pod is left.
type criStage struct {
	*testing.T
	*pods.Node
	ctx context.Context
}

// onEachCRI runs a test on the CRI plugin of every engine, with the policy of
// the tests with a kubelet.
func onEachCRI(t *testing.T, test func(*criStage)) {
	onlyIfItMatters(t)
	eachAtOnce(t, engines, func(e node.Engine) string { return e.Name }, func(t *testing.T, e node.Engine) {
		onlyIfItMatters(t)
		s := newCRIStage(t, criNode(t, e))
		s.must(s.Apply(s.ctx, podPolicy(s.Node.Node)))
		test(s)
	})
}

func newCRIStage(t *testing.T, n *pods.Node) *criStage {
	onlyIfItMatters(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := &criStage{t, n, ctx}
	t.Cleanup(func() {
		defer cancel()
		clean, stop := context.WithTimeout(context.Background(), node.Patience(20*time.Second))
		defer stop()
		if err := s.Clean(clean); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s ends:\n%s", n.LogFile(), n.LogTail(15))
		}
	})
	return s
}

func (s *criStage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// handlers are the ways to name Bulkhead that the engine heeds.
func (s *criStage) handlers() []string {
	if s.Engine.AtLeast(1, 7) {
		return []string{pods.ByType, pods.ByPath}
	}
	return []string{pods.ByType}
}

// refused expects a sentence in an error.
func (s *criStage) refused(err error, sentence string) {
	s.Helper()
	switch {
	case err == nil:
		s.Errorf("nothing was refused, want: %s", sentence)
	case !strings.Contains(err.Error(), sentence):
		s.Errorf("the error is\n  %v, want\n  %s", err, sentence)
	}
}

// until waits for a condition.
func (s *criStage) until(what string, holds func() bool) {
	s.Helper()
	if err := node.Await(s.ctx, holds); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
