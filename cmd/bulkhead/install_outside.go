package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/deploy/docker"
	"github.com/bulkhead-dev/bulkhead/runtime"
)

// outsiders are containers that Docker made with another runtime, and keeps it.
type outsiders struct {
	socket, bundles, namespace string
	runtimes                   string // bulkhead's, with commas
}

// show lists them. Where what they use is replaced, one that runs and would be
// refused when it starts again is an error, unless forced.
func (o *outsiders) show(cmd *cobra.Command, takeover, byDefault, force bool) error {
	e := docker.Reach(o.socket)
	if e == nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "docker does not answer at %s: nothing says which of its containers stay outside of bulkhead\n", o.socket)
		return nil
	}
	all, err := e.Containers(cmd.Context())
	if err != nil {
		return err
	}
	inside := docker.Pinned(all, strings.Split(o.runtimes, ","))
	until := "created anew"
	if takeover {
		until = "started again"
	}
	var refused []error
	for _, c := range all {
		if slices.Contains(inside, c) {
			continue
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "container %s (%s) stays outside of bulkhead until it is %s\n", c.Name, c.Config.Image, until)
		if c.State.Running && (takeover || byDefault) {
			refused = append(refused, o.judge(cmd.Context(), c))
		}
	}
	err = errors.Join(refused...)
	if err == nil || !force {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), err)
	return nil
}

// sayRestart says how many containers a restart of the daemon would end.
func (o *outsiders) sayRestart(cmd *cobra.Command) error {
	e := docker.Reach(o.socket)
	if e == nil {
		return nil
	}
	live, err := e.LiveRestore(cmd.Context())
	if err != nil || live {
		return err
	}
	all, err := e.Containers(cmd.Context())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(c *docker.Container) bool { return !c.State.Running })
	if len(all) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "restarting docker ends its %d running containers; set \"live-restore\": true in daemon.json and reload docker first to keep them\n", len(all))
	}
	return nil
}

// judge decides by the policy in force what a running container asked for.
func (o *outsiders) judge(ctx context.Context, c *docker.Container) error {
	bundle := filepath.Join(o.bundles, o.namespace, c.ID)
	r, err := runtime.New(here(), runtime.Execute).ReplayForeign(ctx, runtime.Caller{Namespace: o.namespace, ID: c.ID, Bundle: bundle})
	if err != nil {
		return fmt.Errorf("container %s: %w; apply a policy first, or add --force", c.Name, err)
	}
	reasons := reasonsOf(r)
	if len(reasons) == 0 || !r.Enforced && r.Refused == "" {
		return nil
	}
	return fmt.Errorf("container %s would not start again: %s; change the policy or end it, or add --force", c.Name, strings.Join(reasons, "; "))
}

// nonePinned refuses while containers were created with one of these runtimes,
// or might have been.
func nonePinned(ctx context.Context, socket, runtimes string) error {
	if runtimes == "" {
		return nil
	}
	e := docker.Reach(socket)
	if e == nil {
		return fmt.Errorf("docker does not answer at %s, so nothing says which containers need bulkhead's runtime; start it, or add --force", socket)
	}
	all, err := e.Containers(ctx)
	if err != nil {
		return err
	}
	pinned := docker.Pinned(all, strings.Split(runtimes, ","))
	if len(pinned) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d containers were created with a runtime of bulkhead's, and Docker would not start them without it; create them anew, or add --force", len(pinned))
	fmt.Fprint(&b, "\nwhat a container has written outside of its volumes goes with it; docker commit keeps it")
	for _, c := range pinned {
		line, err := e.Recreate(ctx, c, "runc")
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n%s", line)
	}
	return errors.New(b.String())
}
