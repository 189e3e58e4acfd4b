package integration

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// builder is a private dockerd of Debian whose BuildKit runs bulkhead-runc: its
// client has BuildKit built in.
type builder struct {
	*stage
	daemon *docker.Daemon
}

// onBuilds runs a test on a Docker whose builds are the tenant ci's.
func onBuilds(t *testing.T, keys, ofNode string, test func(*builder)) {
	for _, e := range dockers(t) {
		if e.NamesShims {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			d := daemon(t, e, "builder", docker.Settings{Builder: true})
			b := &builder{newStage(t, d.Node), d}
			b.apply(builds(keys, ofNode))
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("dockerd's log ends:\n%s", d.LogTail(12))
				}
			})
			test(b)
		})
	}
}

// builds is the policy of a node whose builds are the tenant ci's.
func builds(keys, ofNode string) node.Policy {
	return node.Policy{Tenants: map[string]string{"ci": keys}, Node: ofNode}
}

// build builds the steps on top of the node's image and returns what is shown.
func (b *builder) build(steps string, flags ...string) (string, error) {
	cmd := b.daemon.Client(append(append([]string{"build", "--no-cache", "--progress", "plain"}, flags...), "-")...)
	cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT=1") // the last one counts
	cmd.Stdin = strings.NewReader(fmt.Sprintf("FROM %s AS base\n%s\n", node.ImageName, steps))
	res, err := node.Finish(b.ctx, cmd)
	if err == nil {
		err = res.Failed()
	}
	return res.Stdout + res.Stderr, err
}

// runs waits until a container of the tenant runs and returns its record.
func (s *stage) runs(of string) *record.Record {
	s.Helper()
	var found *record.Record
	s.must(node.Await(s.ctx, func() bool {
		all, err := record.List(s.node.Root())
		s.must(err)
		i := slices.IndexFunc(all, func(r *record.Record) bool { return r.Tenant == of && r.Alive() })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}))
	return found
}

// program is one of Bulkhead's, as make built it, beside the shim.
func (s *stage) program(name string) string {
	return filepath.Join(filepath.Dir(s.node.Shim()), name)
}

// debian is where Debian's packages are unpacked.
func (s *stage) debian() string {
	return strings.TrimSuffix(s.node.Engine.Busybox(), "/bin/busybox")
}
