package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/posture"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// verifyPosture compares what every process of a container really has with what
// the policy in force would give the container today.
func (rt *Runtime) verifyPosture(r *record.Record, st *tenant.Store, node *tenant.Node) ([]Finding, error) {
	of := Finding{Tenant: r.Tenant, Container: nameOf(r), Mend: byStart}
	today, err := rt.wouldBe(context.Background(), rt.root, st, node, r)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		of.Field, of.Got, of.Want = "its bundle", "not there", "what its engine asked for, by which it is judged"
		return []Finding{of}, nil
	case err != nil:
		return nil, fmt.Errorf("decide again what it may have: %w", err)
	}
	if today.request == nil {
		return nil, nil // exempt by now
	}
	if len(today.result.Denials) > 0 {
		return denied(of, today.result.Denials), nil
	}
	here, err := posture.Of(os.Getpid())
	if err != nil {
		return nil, err
	}
	pids, err := cgroup.Processes(r.Cgroup)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(pids, r.Pid) {
		pids = append(pids, r.Pid) // it strayed, which is said elsewhere
	}
	look := inspection{given: today.request.Spec, here: here, init: r.Pid}
	if sandboxed(r.Delegate) {
		look.sandbox, err = posture.Of(r.Pid)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			return nil, nil // ended
		}
		if err != nil {
			return nil, err
		}
	}
	var all []Finding
	if sandboxed(today.request.Options.BinaryName) && look.sandbox == nil {
		of.Field, of.Got, of.Want = "delegate", filepath.Base(r.Delegate), sandboxDelegate
		all = append(all, of)
	}
	for _, pid := range pids {
		found, err := look.process(pid)
		if err != nil {
			return all, err
		}
		for _, d := range found {
			f := of
			if f.Field, f.Got, f.Want = d.Field, d.Got, d.Want; pid != r.Pid {
				f.Field = fmt.Sprintf("process %d: %s", pid, d.Field)
			}
			all = append(all, f)
		}
	}
	return all, nil
}

// inspection is a look at the processes of one container.
type inspection struct {
	given   *specs.Spec
	here    *posture.Posture
	init    int
	sandbox *posture.Posture // of the first process of the container's sandbox; nil: it has none
}

// settle is how long a delegate may take from when a process is in the
// container's cgroup until it has given its own rights up: an exec begins with
// all that the delegate has.
const settle = time.Second

// process looks at one process, and again while it has too much, until it had
// the time to settle.
func (in inspection) process(pid int) ([]posture.Difference, error) {
	begin, err := record.StartTime(pid)
	if err != nil {
		return nil, nil // ended
	}
	for deadline := time.Now().Add(settle); ; time.Sleep(settle / 20) {
		p, err := posture.Of(pid)
		if now, gone := record.StartTime(pid); gone != nil || now != begin || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found := in.beyond(p)
		if len(found) == 0 || time.Now().After(deadline) {
			return found, nil
		}
	}
}

func (in inspection) beyond(p *posture.Posture) []posture.Difference {
	if in.sandbox != nil {
		return p.BeyondSandbox(in.given, in.here, in.sandbox)
	}
	found := p.Beyond(in.given, in.here)
	if p.Pid == in.init {
		found = append(found, p.MountsBeyond(in.given, in.here)...)
	}
	return found
}
