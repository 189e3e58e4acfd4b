package integration

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/remotecommand"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// An exec has its container's rights, its streams and its exit code; one that
// takes too long is killed.
func TestCRIExecHasNoMoreThanItsContainer(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		for _, handler := range s.handlers() {
			c := s.pod(acmePods, handler).sleeper()
			res, err := c.Exec(s.ctx, "sh", "-c", "echo out; echo bad >&2; exit 9")
			s.must(err)
			if want := (node.Result{Stdout: "out\n", Stderr: "bad\n", Code: 9}); res != want {
				s.Errorf("%s: an exec gives %+v, want %+v", handler, res, want)
			}
			const rights = "grep -h -e ^Cap -e ^Seccomp: -e ^NoNewPrivs /proc/%s/status"
			own, first := c.run(fmt.Sprintf(rights, "self")), c.run(fmt.Sprintf(rights, "1"))
			if own != first || !strings.Contains(own, "Seccomp:\t2") {
				s.Errorf("%s: an exec has\n%s\nand the container's first process\n%s", handler, own, first)
			}
			_, err = s.Runtime.ExecSync(s.ctx, &cri.ExecSyncRequest{ContainerId: c.ID, Cmd: []string{"sleep", "600"}, Timeout: 1})
			if err == nil || !strings.Contains(err.Error(), "timeout") {
				s.Errorf("%s: an exec that takes too long: %v", handler, err)
			}
			s.until("it is killed", func() bool { return !strings.Contains(c.run("ps"), "sleep 600") })
		}
	})
}

// Streams as `kubectl exec -i` and `kubectl attach -i` have them.
func TestCRIStreams(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		c := s.pod(globexPods, pods.ByType).start("main", "while read line; do echo heard $line; done", func(c *cri.ContainerConfig) { c.Stdin = true })
		var out, bad bytes.Buffer
		s.must(c.ExecStream(s.ctx, remotecommand.StreamOptions{Stdin: strings.NewReader("over there\n"), Stdout: &out, Stderr: &bad}, "sh", "-c", "cat; echo bad >&2"))
		if out.String() != "over there\n" || bad.String() != "bad\n" {
			s.Errorf("an exec said %q and %q", &out, &bad)
		}
		if err := c.ExecStream(s.ctx, remotecommand.StreamOptions{Stdout: &out}, "sh", "-c", "exit 5"); err == nil || !strings.Contains(err.Error(), "exit code 5") {
			s.Errorf("an exec that fails: %v", err)
		}
		// The end of its input would end the output too, and nothing ends the other way
		// round: who has heard enough leaves.
		attached, leave := context.WithCancel(s.ctx)
		defer leave()
		input, say := io.Pipe()
		defer say.Close()
		go func() { _, _ = io.WriteString(say, "you\n") }() // an error is one of attaching
		heard := &heard{want: "heard you\n", then: leave}
		if err := c.Attach(attached, remotecommand.StreamOptions{Stdin: input, Stdout: heard}); heard.said != heard.want {
			s.Errorf("attached, one hears %q: %v", heard.said, err)
		}
	})
}

// heard is a stream that tells when what is wanted has come.
type heard struct {
	said string
	want string
	then func()
}

func (h *heard) Write(b []byte) (int, error) {
	h.said += string(b)
	if strings.Contains(h.said, h.want) {
		h.then()
	}
	return len(b), nil
}

// probeEvery is how often a probe comes: more often than a kubelet's, whose
// shortest period is a second.
const probeEvery = 200 * time.Millisecond

// probe executes a command in the container again and again until the context
// ends, and counts those that succeed and those that do not.
func (c *criContainer) probe(ctx context.Context, succeeded, failed *atomic.Int64) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		// Not the caller's context: one that is under way shall end.
		res, err := c.Exec(c.s.ctx, "sh", "-c", "[ -e /bin/sh ]")
		if err != nil || res.Code != 0 {
			failed.Add(1)
			c.s.Logf("a probe ended with %d: %v: %s", res.Code, err, res.Stderr)
		} else {
			succeeded.Add(1)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// stricter are policies that come to be in force one after another; each refuses
// or narrows what the containers that run were given.
var stricter = []string{
	"limits: {cpu: \"1\", memory: 512Mi}\ncontainer: {max: {cpu: 500m, memory: 128Mi}}",
	"limits: {cpu: \"1\", memory: 512Mi}\ncontainer: {max: {cpu: 200m, memory: 96Mi, pids: 50}}\nsecurity: {level: restricted}",
	"limits: {containers: 1}\nsecurity: {level: restricted, userNamespace: Required}",
	"limits: {memory: 512Mi}\ndelegate: runc",
}

// No exec probe fails while policies change below its container.
func TestCRIProbesOutliveNewPolicies(t *testing.T) {
	onEachCRI(t, func(s *criStage) {
		ctx, stop := context.WithCancel(s.ctx)
		defer stop()
		var succeeded, failed atomic.Int64
		var all sync.WaitGroup
		for _, handler := range s.handlers() {
			c := s.pod(acmePods, handler).sleeper()
			all.Go(func() { c.probe(ctx, &succeeded, &failed) })
		}
		await := func(more int64) {
			s.Helper()
			from := succeeded.Load() + failed.Load()
			s.until("probes go on", func() bool { return succeeded.Load()+failed.Load() >= from+more })
		}
		await(4)
		for _, spec := range stricter {
			p := podPolicy(s.Node.Node)
			p.Tenants[acmePods] = spec
			s.must(s.Apply(s.ctx, p))
			await(6)
		}
		stop()
		all.Wait()
		s.Logf("%d probes succeeded, %d failed", succeeded.Load(), failed.Load())
		if failed.Load() != 0 {
			s.Errorf("%d probes failed", failed.Load())
		}
	})
}
