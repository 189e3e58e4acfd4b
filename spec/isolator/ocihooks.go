package isolator

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
ocihooks: programs that the delegate runs around a container, as root of the node.

Owns     hooks
Rule     Every hook is refused, but those of Docker up to 27 and of nerdctl that
         connect the container's network, by their exact shape, when the program
         is a dockerd or a nerdctl that belongs to root; and those that the node's
         files have for CDI devices of the tenant, when all of the hook is as it
         stands there. A hook without an environment gets one of its own, and
         nerdctl's that instead of its caller's.
Because  A hook comes from whoever could write the spec, and one without an
         environment inherits the tenant's (CVE-2025-23266, CVE-2026-53492;
         attack rows 3, 4).
Escape   security.exceptions.cdiDevices.
*/

var _ = register(Isolator{
	Name:    "ocihooks",
	Owns:    []string{"/spec/hooks"},
	Reason:  "a hook never inherits an environment",
	Leq:     hooksLeq,
	Rewrite: engineHooks,
	Holds:   hooksHold,
})

// dockerds are where packages and Docker's archive put dockerd.
var dockerds = []string{"/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"}

// hookEnv is the environment of a kept hook. It is not empty, because an empty
// one cannot be written: specs.Hook leaves it out, which means inherit.
func hookEnv() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
}

func engineHooks(c *Case, r *Request) error {
	var errs []error
	for _, stage := range hookStages(r) {
		for i, h := range stage.hooks {
			env := envOf(c, stage.name, c.Asked, h)
			if env == nil {
				errs = append(errs, stage.denial(i))
				continue
			}
			stage.hooks[i].Env = env
		}
	}
	return errors.Join(errs...)
}

func hooksHold(c *Case, r *Request) error {
	for _, stage := range hookStages(r) {
		for i, h := range stage.hooks {
			if env := envOf(c, stage.name, r, h); env == nil || !slices.Equal(h.Env, env) {
				return stage.denial(i)
			}
		}
	}
	return nil
}

// envOf is the environment that a hook runs with, nil for one that does not.
func envOf(c *Case, stage string, r *Request, h specs.Hook) []string {
	if isLibnetworkHook(c, stage, h) || isNerdctlHook(c, stage, r, h) {
		return hookEnv()
	}
	for _, d := range c.Policy.Security.Exceptions.CDIDevices {
		for _, g := range d.Hooks {
			if env := envOfCDI(g, stage, h); env != nil {
				return env
			}
		}
	}
	return nil
}

// envOfCDI is what the device's file says or, where that is nothing, that of any
// kept hook, which a restarted container comes with.
func envOfCDI(g tenant.CDIHook, stage string, h specs.Hook) []string {
	as := specs.Hook{Path: g.Path, Args: g.Args, Env: g.Env, Timeout: g.Timeout}
	kept := as
	if len(kept.Env) == 0 {
		kept.Env = hookEnv()
	}
	if g.Stage == stage && (sameHook(h, as) || sameHook(h, kept)) {
		return kept.Env
	}
	return nil
}

func sameHook(a, b specs.Hook) bool {
	return a.Path == b.Path && slices.Equal(a.Args, b.Args) && slices.Equal(a.Env, b.Env) && timeoutOf(a) == timeoutOf(b)
}

// timeoutOf is -1 where a hook may take any time.
func timeoutOf(h specs.Hook) int { return cmp.Or(valueOf(h.Timeout), -1) }

// isLibnetworkHook recognises {/proc/<pid of dockerd>/exe, libnetwork-setkey
// -exec-root=/… <container> <controller>}. Source: moby 27.5,
// daemon/oci_linux.go, withLibnetwork.
func isLibnetworkHook(c *Case, stage string, h specs.Hook) bool {
	pid, ok := strings.CutPrefix(h.Path, "/proc/")
	pid, ok2 := strings.CutSuffix(pid, "/exe")
	if stage != "prestart" || !ok || !ok2 || !consistsOf(pid, "0123456789") || !slices.Contains(dockerds, c.Facts.Binaries[h.Path]) {
		return false
	}
	if len(h.Args) != 4 || h.Args[0] != "libnetwork-setkey" || !isNetworksOwner(c, h.Args[2]) || !consistsOf(h.Args[3], "0123456789abcdef") {
		return false
	}
	root, ok := strings.CutPrefix(h.Args[1], "-exec-root=")
	return ok && path.IsAbs(root) && path.Clean(root) == root && (len(h.Env) == 0 || slices.Equal(h.Env, hookEnv()))
}

// isNetworksOwner reports the id that dockerd has a container's network by: its
// own or, for a step of a build, a random one (moby 20.10 to 29,
// daemon/internal/builder-next/executor_linux.go).
func isNetworksOwner(c *Case, id string) bool {
	return id == c.Facts.ContainerID || c.Facts.Engine == BuildKit && isBuildKitID(id)
}

// consistsOf reports a string of at least one of the characters and no other.
func consistsOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

// A hookStage is the hooks of one moment.
type hookStage struct {
	name  string // as in the spec
	hooks []specs.Hook
}

func (s hookStage) denial(i int) *Denial {
	return &Denial{"ocihooks", fmt.Sprintf("hooks.%s[%d]", s.name, i), "set", "no hook but Docker's or nerdctl's own and those of the tenant's CDI devices", "security.exceptions.cdiDevices, if it is of a CDI device"}
}

func hookStages(r *Request) []hookStage {
	h := r.Spec.Hooks
	if h == nil {
		return nil
	}
	return []hookStage{
		//lint:ignore SA1019 runtime-spec deprecates the stage that Docker uses
		{"prestart", h.Prestart},
		{"createRuntime", h.CreateRuntime},
		{"createContainer", h.CreateContainer},
		{"startContainer", h.StartContainer},
		{"poststart", h.Poststart},
		{"poststop", h.Poststop},
	}
}

// hooksLeq: every hook of a is one of b, or is it with an environment instead
// of the inherited one.
func hooksLeq(a, b *Request) bool {
	of := hookStages(b)
	for i, stage := range hookStages(a) {
		for _, h := range stage.hooks {
			if of == nil || !slices.ContainsFunc(of[i].hooks, func(g specs.Hook) bool { return hookLeq(h, g) }) {
				return false
			}
		}
	}
	return true
}

func hookLeq(a, b specs.Hook) bool {
	alike := a
	alike.Env = b.Env
	return sameHook(alike, b) && (slices.Equal(a.Env, b.Env) || slices.Equal(a.Env, hookEnv()))
}
