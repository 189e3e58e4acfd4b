package integration

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// patience bounds every test. Nothing here takes a tenth of it on two idle CPUs.
var patience = node.Patience(90 * time.Second)

// engines are those that make prepared, the oldest first.
var engines []node.Engine

// nodes are one node an engine, shared by the tests: each leaves it clean. In a VM
// there is one of the newest engine alone.
var nodes []*node.Node

func TestMain(m *testing.M) {
	node.Main()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "the integration tests start containers, which needs root; the others: make test-unit")
		return 1
	}
	var err error
	if engines, err = node.Engines(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for i, e := range engines {
		if inVM() && i < len(engines)-1 {
			continue
		}
		n, err := node.Start(context.Background(), e)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", e.Name, err)
			return 1
		}
		defer func() {
			if err := n.Close(); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", e.Name, err)
				code = 1
			}
		}()
		nodes = append(nodes, n)
	}
	defer func() {
		for _, err := range append(endDaemons(), endCRINodes()...) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}

// A stage is one test on one engine. It fails the test instead of returning
// errors, and expects at its end that no trace of a container is left.
type stage struct {
	*testing.T
	node   *node.Node
	ctx    context.Context
	before []string   // traces of an earlier test that failed for them
	gate   *node.Gate // of those that begin together: share_test.go
}

// onEachEngine runs a test on every engine, with a policy that holds for the
// test alone.
func onEachEngine(t *testing.T, p node.Policy, test func(*stage)) {
	eachAtOnce(t, nodes, nameOfNode, func(t *testing.T, n *node.Node) {
		s := newStage(t, n)
		s.apply(p)
		test(s)
	})
}

func nameOfNode(n *node.Node) string { return n.Engine.Name }

// onOwnNode runs a test on a node of its own of every engine, which it may
// treat badly.
func onOwnNode(t *testing.T, test func(*stage)) {
	onlyIfItMatters(t)
	eachAtOnce(t, nodes, nameOfNode, func(t *testing.T, shared *node.Node) {
		test(newStage(t, ownNode(t, shared.Engine)))
	})
}

// ownNode starts a node that ends with the test.
func ownNode(t *testing.T, e node.Engine) *node.Node {
	n, err := node.Start(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func newStage(t *testing.T, n *node.Node) *stage {
	onlyIfItMatters(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := &stage{t, n, ctx, n.Traces(), node.NewGate()}
	t.Cleanup(func() {
		defer cancel()
		s.clean()
		if t.Failed() {
			t.Logf("%s ends:\n%s", n.LogFile(), n.LogTail(15))
		}
	})
	return s
}

// clean expects that nothing of any container of this test is on the machine.
func (s *stage) clean() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, node.Patience(10*time.Second))
	defer cancel()
	if err := s.node.Clean(ctx, s.before); err != nil {
		s.Error(err)
	}
}

func (s *stage) apply(p node.Policy) {
	s.Helper()
	s.must(s.node.Apply(s.ctx, p))
}

// must ends the test if there is an error.
func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// sleeper is a container that does nothing until it is killed.
func (s *stage) sleeper(tenant string) node.Run {
	return node.Run{Namespace: s.node.Namespace(tenant), Args: []string{"sleep", "600"}}
}

// prober is a container that runs the prober and then holds what it got.
func (s *stage) prober(tenant string, args ...string) node.Run {
	return node.Run{Namespace: s.node.Namespace(tenant), Args: append([]string{"probe"}, args...), Stdin: endless{}}
}

// endless is a standard input on which nothing ever comes.
type endless struct{}

func (endless) Read([]byte) (int, error) { select {} }

// stock is the same container under the stock shim: the positive control.
func stock(r node.Run) node.Run {
	r.Runtime = node.Stock
	return r
}

// start starts a container that is deleted when the test ends.
func (s *stage) start(r node.Run) *container {
	s.Helper()
	c, err := s.node.Run(s.ctx, r)
	s.must(err)
	return s.keep(c)
}

// keep deletes a container when the test ends.
func (s *stage) keep(c *node.Container) *container {
	s.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Delete(ctx); err != nil {
			s.Errorf("delete %s: %v", c.ID, err)
		}
	})
	return &container{s, c}
}

// A container fails its test instead of returning errors.
type container struct {
	s *stage
	*node.Container
}

// wait returns the exit code.
func (c *container) wait() int {
	c.s.Helper()
	return c.s.wait(c.Process)
}

// exec starts a further process, which asks for the container's own rights as
// the engine knows them, changed by change.
func (c *container) exec(change func(*specs.Process), args ...string) *node.Process {
	c.s.Helper()
	p, err := c.Exec(c.s.ctx, node.Run{Args: args}, change)
	c.s.must(err)
	c.s.Cleanup(func() {
		if err := p.Remove(c.s.ctx); err != nil {
			c.s.Error(err)
		}
	})
	return p
}

// delete deletes the container before the test ends.
func (c *container) delete() {
	c.s.Helper()
	c.s.must(c.Delete(c.s.ctx))
}

func (s *stage) wait(p *node.Process) int {
	s.Helper()
	code, err := p.Wait(s.ctx)
	s.must(err)
	return code
}

// number waits for a line that the prober prints.
func (s *stage) number(p *node.Process, word string) int {
	s.Helper()
	n, err := p.Stdout.Number(s.ctx, word)
	if err != nil {
		s.Fatalf("%v; on standard error: %s", err, p.Stderr)
	}
	return n
}

func (s *stage) posture(p *node.Process) host.Posture {
	s.Helper()
	posture, err := host.PostureOf(p.Pid())
	s.must(err)
	return posture
}

// read returns a number of the cgroup that is up levels above a container's.
func (s *stage) read(setting host.Setting, c *container, up int) int64 {
	s.Helper()
	n, err := setting.ReadInt(c.Pid(), up)
	s.must(err)
	return n
}
