package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path"
	"strings"

	"github.com/bulkhead-dev/bulkhead/integration/host"
)

const (
	gets    = "What a container gets"
	when    = "What happens when it"
	refused = "refused"
)

// attempts are the table's rows on an engine.
func attempts(on engine) []attempt {
	return []attempt{
		{gets, "capabilities", posture(func(p host.Posture) string { return fmt.Sprintf("%d", bits.OnesCount64(p.Bounding)) })},
		{gets, "seccomp", posture(func(p host.Posture) string { return p.Seccomp.String() })},
		{gets, "no new privileges", posture(func(p host.Posture) string { return fmt.Sprint(p.NoNewPrivileges) })},
		{gets, "namespaces of its own", posture(ownNamespaces)},
		{gets, "cgroup above it", cgroup},
		{gets, "its limits", limits(0)},
		{gets, "its tenant's limits", limits(1)},
		{when, "forks 400 times", fork},
		{when, "allocates 512 MiB", allocate},
		on.most(),
		{when, "updates its limits away", updateAway},
		{when, "asks for the host's network", hostNetwork},
		{when, "starts with no tenant", noTenant},
	}
}

func posture(show func(host.Posture) string) func(context.Context, engine, subject) (string, error) {
	return func(ctx context.Context, e engine, s subject) (string, error) {
		return s.with(ctx, e, func(c container) (string, error) {
			p, err := host.PostureOf(c.Pid())
			return show(p), err
		})
	}
}

func ownNamespaces(p host.Posture) string {
	here, err := host.PostureOf(os.Getpid())
	if err != nil {
		return err.Error()
	}
	var own []string
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"} {
		if p.Namespaces[kind] != here.Namespaces[kind] {
			own = append(own, kind)
		}
	}
	return strings.Join(own, " ")
}

// cgroup shows where a container is.
func cgroup(ctx context.Context, e engine, s subject) (string, error) {
	return s.with(ctx, e, func(c container) (string, error) {
		for _, m := range host.Cgroups(c.Pid()) {
			if len(m.Controllers) > 0 && m.Controllers[0] == "pids" {
				return path.Dir(e.short(m.Path)), nil
			}
		}
		return "none", nil
	})
}

func limits(up int) func(context.Context, engine, subject) (string, error) {
	return func(ctx context.Context, e engine, s subject) (string, error) {
		if up > 0 && s.stock {
			return "none: nobody's in particular", nil
		}
		if c, ok := e.(counter); ok && up > 0 {
			return c.counted(), nil
		}
		return s.with(ctx, e, func(c container) (string, error) { return limitsOf(c, up) })
	}
}

func limitsOf(c container, up int) (string, error) {
	cpu, err := host.CPUQuota(c.Pid(), up)
	if err != nil {
		return "", err
	}
	memory, err := host.MemoryLimit.ReadInt(c.Pid(), up)
	if err != nil {
		return "", err
	}
	pids, err := host.PidsLimit.ReadInt(c.Pid(), up)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, l := range []struct {
		value, unit int64
		format      string
	}{{cpu, 1, "%dm CPU"}, {memory, 1 << 20, "%d MiB"}, {pids, 1, "%d tasks"}} {
		if l.value != host.Unlimited {
			parts = append(parts, fmt.Sprintf(l.format, l.value/l.unit))
		}
	}
	if parts == nil {
		return "none", nil
	}
	return strings.Join(parts, ", "), nil
}

func fork(ctx context.Context, e engine, s subject) (string, error) {
	return probed(ctx, e, s, func(text string, _ int) (string, error) {
		_, number, _ := strings.Cut(text, "forked ")
		var forked int
		if _, err := fmt.Sscan(number, &forked); err != nil {
			return "", fmt.Errorf("%q: %w", text, err)
		}
		if forked < 400 {
			return fmt.Sprintf("%d start, the rest fail", forked), nil
		}
		return fmt.Sprintf("all %d start", forked), nil
	}, "fork", "400")
}

func allocate(ctx context.Context, e engine, s subject) (string, error) {
	return probed(ctx, e, s, func(text string, code int) (string, error) {
		if code == 137 {
			lines := strings.Fields(strings.ReplaceAll(text, "touched", ""))
			return fmt.Sprintf("killed after %s MiB", append([]string{"0"}, lines...)[len(lines)]), nil
		}
		return "gets all of it", nil
	}, "memory", "512")
}

// probed runs the prober in a container to its end.
func probed(ctx context.Context, e engine, s subject, see func(text string, code int) (string, error), args ...string) (string, error) {
	c, err := e.run(ctx, s, append([]string{"probe"}, args...)...)
	if err != nil {
		return "", err
	}
	text, code, err := c.wait(ctx)
	cell := ""
	if err == nil {
		cell, err = see(text, code)
	}
	if err := c.delete(ctx); err != nil {
		return "", err
	}
	return cell, err
}

// mostByExec is that of engines whose clients say what an exec shall have.
var mostByExec = attempt{when, "execs with all capabilities", func(ctx context.Context, e engine, s subject) (string, error) {
	return s.with(ctx, e, func(c container) (string, error) { return c.(executor).exec(ctx) })
}}

func updateAway(ctx context.Context, e engine, s subject) (string, error) {
	return s.with(ctx, e, func(c container) (string, error) {
		if err := c.lift(ctx); err != nil {
			return "", err
		}
		return limitsOf(c, 0)
	})
}

func hostNetwork(ctx context.Context, e engine, s subject) (string, error) {
	said, err := e.hostNetwork(ctx, s)
	return outcome("it has it", said, err)
}

func noTenant(ctx context.Context, e engine, s subject) (string, error) {
	said, err := e.noTenant(ctx, s)
	return outcome("it starts", said, err)
}

// outcome is the sentence of what a client said, or what it means that it said
// nothing.
func outcome(success, said string, err error) (string, error) {
	switch {
	case err != nil || said == "":
		return success, err
	case sentence(said) == "":
		return "", errors.New(strings.TrimSpace(said))
	}
	return sentence(said), nil
}
