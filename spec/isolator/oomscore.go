package isolator

import (
	"fmt"
	"math"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
oomscore: who is killed first when the node is out of memory.

Owns     process.oomScoreAdj
Rule     At least 0; 1000 for an idle tenant. A pod's container keeps the
         kubelet's score, and a pod's sandbox always does: it holds no memory,
         and its end is the pod's. None is written out as the least where the
         shim's own is lower, and stays none where it is not. A further process
         has at least its container's.
Because  A process below 0 lets others die in its place, one at -1000 cannot be
         killed (attack row 52). A delegate that is given no score leaves that of
         the shim (runc 1.5.2, nsexec.c; crun 1.29.1, libcrun_set_oom): one above
         the engine's (containerd 2.4.2, AdjustOOMScore), whose unit sets -999.
         Raising a score needs no right. Lowering it does, CAP_SYS_RESOURCE, once
         somebody with that right set it (fs/proc/base.c, __set_oom_adj), so
         nothing is lowered here that the engine did not lower. runc gives a
         further process the score of its container, crun that of the shim,
         whatever the process asks for.
Escape   priority: Normal.
*/

var _ = register(Isolator{
	Name:    "oomscore",
	Owns:    []string{"/spec/process/oomScoreAdj"},
	Reason:  "no process of a tenant outlives others at their cost",
	Leq:     oomScoreLeq,
	Rewrite: raiseOOMScore,
	Exec:    execOOMScore,
	Holds:   oomScoreHolds,
})

const firstKilled = 1000 // OOM_SCORE_ADJ_MAX

// leastOOMScore is the least that a process may have which asks for this.
func leastOOMScore(c *Case, asked *int) int {
	switch {
	case c.Policy.Priority == tenant.Idle && !hasNoDefaults(c):
		return firstKilled
	case c.Facts.Engine == CRI && asked != nil:
		return math.MinInt
	}
	return 0
}

// oomScoreOf is the score that a process gets.
func oomScoreOf(c *Case, p *specs.Process) int {
	if p.OOMScoreAdj == nil {
		return c.Facts.Node.OOMScoreAdj
	}
	return *p.OOMScoreAdj
}

func raiseOOMScore(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil {
		return nil
	}
	if least := leastOOMScore(c, p.OOMScoreAdj); oomScoreOf(c, p) < least {
		p.OOMScoreAdj = &least
	}
	return nil
}

func execOOMScore(c *Case, p *specs.Process) error {
	if held := c.Created.Process.OOMScoreAdj; held != nil && (p.OOMScoreAdj == nil || *p.OOMScoreAdj < *held) {
		p.OOMScoreAdj = new(*held)
	}
	return raiseOOMScore(c, &Request{Spec: &specs.Spec{Process: p}})
}

func oomScoreHolds(c *Case, r *Request) error {
	p := r.Spec.Process
	if p == nil {
		return nil
	}
	least := leastOOMScore(c, p.OOMScoreAdj)
	if got := oomScoreOf(c, p); got < least {
		d := &Denial{"oomscore", "process.oomScoreAdj", fmt.Sprint(got), fmt.Sprintf("at least %d", least), Nothing}
		if least == firstKilled {
			d.Allow = "priority: Normal"
		}
		return d
	}
	return nil
}

// oomScoreLeq: killed no later. None may be as low as the shim's.
func oomScoreLeq(a, b *Request) bool {
	scoreOf := func(r *Request) int {
		p := r.Spec.Process
		if p == nil || p.OOMScoreAdj == nil {
			return math.MinInt
		}
		return *p.OOMScoreAdj
	}
	return scoreOf(a) >= scoreOf(b)
}
