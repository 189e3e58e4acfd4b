// Installbench measures what it takes to get from an engine without Bulkhead to
// the first container that is refused: commands, seconds, and files of the
// engine's that somebody has to edit. Each engine is a private one, and everything
// is taken away again, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

const patience = 280 * time.Second

func main() { node.Program("installbench", patience, run) }

func run(ctx context.Context) error {
	var results []result
	for _, start := range engines {
		r, err := measure(ctx, start)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	printTable(os.Stdout, results)
	return nil
}

// measure installs into one engine, and wants it to run before what it refuses
// afterwards.
func measure(ctx context.Context, start func(context.Context) (engine, error)) (r result, err error) {
	e, err := start(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	r.engine = e.name()
	progress("%s: without Bulkhead", r.engine)
	if sentence, err := e.try(ctx); err != nil || sentence != "" {
		return r, fmt.Errorf("%s, without Bulkhead: a container of the host's is refused (%s) or fails (%w)", r.engine, sentence, err)
	}
	before := files(e)
	begin := time.Now()
	for _, c := range commands(e) {
		progress("%s: %s", r.engine, c.shown)
		started := time.Now()
		if err := c.run(ctx); err != nil {
			return r, fmt.Errorf("%s: %s: %w", r.engine, c.shown, err)
		}
		r.steps = append(r.steps, step{c.shown, time.Since(started)})
	}
	started := time.Now()
	if r.sentence, err = e.try(ctx); err != nil {
		return r, err
	}
	if r.sentence == "" {
		return r, fmt.Errorf("%s: a container of the host's is not refused", r.engine)
	}
	r.steps = append(r.steps, step{e.shows(), time.Since(started)})
	r.all = time.Since(begin)
	r.edited, err = edited(ctx, e, before)
	return r, err
}

// files are the engine's own that say what it does, by their paths.
func files(e engine) map[string]string {
	found := map[string]string{}
	for _, pattern := range []string{"config.toml", "daemon.json", "conf.d/*", "units/*/*"} {
		paths, _ := filepath.Glob(filepath.Join(e.node().Dir(), pattern)) // the pattern is well formed
		for _, path := range paths {
			data, err := os.ReadFile(path)
			found[path] = fmt.Sprint(string(data), err)
		}
	}
	return found
}

// edited counts the files that somebody has changed beside bulkhead install: it
// takes back what it has done, and the rest differs from before.
func edited(ctx context.Context, e engine, before map[string]string) (n int, err error) {
	if err := finish(ctx, e.node().Enter(e.node().Ahead()+"/bulkhead", "uninstall", e.words()[0])); err != nil {
		return 0, err
	}
	after := files(e)
	for path, text := range after {
		if before[path] != text {
			n++
		}
		delete(before, path)
	}
	return n + len(before), nil
}

// A command is one that somebody types, as it is typed on a node whose engine
// stands where packages put it.
type command struct {
	shown string
	run   func(context.Context) error
}

func commands(e engine) []command {
	n := e.node()
	return []command{
		{"make install", func(ctx context.Context) error {
			repo, err := node.Repository()
			if err != nil {
				return err
			}
			return finish(ctx, exec.Command("make", "-C", repo, "install", "PREFIX="+n.Prefix()))
		}},
		{"bulkhead apply -f tenant.yaml", func(ctx context.Context) error { return n.Apply(ctx, e.policy()) }},
		{"bulkhead install " + strings.Join(e.words(), " ") + " --restart", func(ctx context.Context) error {
			args := append([]string{"install"}, append(e.words(), e.places()...)...)
			if err := finish(ctx, n.Enter(n.Ahead()+"/bulkhead", args...)); err != nil {
				return err
			}
			return e.restart(ctx) // in the place of systemd, which the engine's world has not
		}},
	}
}

// finish runs a command that must succeed.
func finish(ctx context.Context, cmd *exec.Cmd) error {
	res, err := node.Finish(ctx, cmd)
	if err == nil {
		err = res.Failed()
	}
	return err
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
