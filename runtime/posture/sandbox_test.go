package posture

import (
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// sentry is what a sandbox's first process has on a node.
func sentry() *Posture {
	return &Posture{
		Pid: 7, NoNewPrivileges: true, Seccomp: SeccompFilter, OOMScoreAdj: 500, UIDs: []uint32{65534},
		Namespaces: map[specs.LinuxNamespaceType]string{"pid": "p1", "network": "n1", "mount": "m1", "ipc": "i1", "uts": "t1", "user": "u1", "cgroup": "c0"},
		Mounts:     []Mount{{Point: "/", Device: "0:42", Root: "/", ReadOnly: true}},
	}
}

func TestSandboxIsJudgedAsWhatItIs(t *testing.T) {
	node := &Posture{
		Namespaces: map[specs.LinuxNamespaceType]string{"pid": "p0", "network": "n0", "mount": "m0", "ipc": "i0", "uts": "t0", "user": "u0", "cgroup": "c0"},
		Mounts:     []Mount{{Point: "/", Device: "8:1", Root: "/"}},
	}
	score := 500
	given := &specs.Spec{Process: &specs.Process{OOMScoreAdj: &score}}
	const fileCaps = 0x4001f
	gofer := func(p *Posture) {
		p.Pid, p.Namespaces["pid"], p.Namespaces["user"] = 6, "p2", "u0"
		p.Capabilities.Effective, p.Capabilities.Bounding = fileCaps, fileCaps
	}
	for name, c := range map[string]struct {
		change func(*Posture)
		want   []string
	}{
		"the sandbox":               {func(*Posture) {}, nil},
		"its file server":           {gofer, nil},
		"one of its stubs":          {func(p *Posture) { p.Pid, p.OOMScoreAdj = 8, 0 }, nil},
		"it holds a capability":     {func(p *Posture) { p.Capabilities.Permitted = 1 }, []string{"process.capabilities.permitted"}},
		"the file server holds all": {func(p *Posture) { gofer(p); p.Capabilities.Effective = 1 << 21 }, []string{"process.capabilities.effective"}},
		"no filter":                 {func(p *Posture) { p.Seccomp = SeccompOff }, []string{"seccomp of the sandbox"}},
		"new privileges":            {func(p *Posture) { p.NoNewPrivileges = false }, []string{"no_new_privs of the sandbox"}},
		"the node's network":        {func(p *Posture) { p.Namespaces["network"] = "n0" }, []string{"network namespace of the sandbox"}},
		"the node's users":          {func(p *Posture) { p.Namespaces["user"] = "u0" }, []string{"user namespace of the sandbox"}},
		"the node's root":           {func(p *Posture) { p.Mounts = []Mount{{Point: "/", Device: "8:1", Root: "/", ReadOnly: true}} }, []string{"root of the sandbox"}},
		"a root to write to":        {func(p *Posture) { p.Mounts[0].ReadOnly = false }, []string{"root of the sandbox"}},
		"a lower score":             {func(p *Posture) { p.OOMScoreAdj = 0 }, []string{"process.oomScoreAdj"}},
	} {
		p := sentry()
		c.change(p)
		var got []string
		for _, d := range p.BeyondSandbox(given, node, sentry()) {
			got = append(got, d.Field)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
