package judge

import (
	"errors"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/internal/runc"
)

// Every container of every pod that was accepted is one that runc would create.
func TestRuncTakesPods(t *testing.T) {
	all, _ := runs(t)
	j := runc.NewJudge(t)
	if err := j.Accepts(new(specs.Spec)); errors.Is(err, runc.ErrNoCgo) {
		t.Skip(err)
	}
	judged := 0
	for _, r := range all {
		got, decisions := r.rewritten(t)
		if len(refusals(decisions)) > 0 {
			continue
		}
		for i, after := range got.specs() {
			if err := j.Accepts(r.specs()[i]); err != nil {
				if r.pass {
					t.Errorf("%s: runc does not take what containerd would write: %v", r, err)
				}
				continue
			}
			judged++
			if err := j.Accepts(after); err != nil {
				t.Errorf("%s: runc takes what was asked for and not what was made of it: %v", r, err)
			}
		}
	}
	t.Logf("runc, pods: %d containers of the Pod Security Standards' fixtures were accepted, and all of them are acceptable to runc", judged)
}

// specs are the run's, the sandbox's first.
func (r *run) specs() []*specs.Spec {
	all := []*specs.Spec{r.sandbox}
	for _, m := range r.members {
		all = append(all, m.spec)
	}
	return all
}
