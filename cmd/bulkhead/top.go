package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// A rate is taken between two readings; the first two are this far apart.
const firstRate = 500 * time.Millisecond

// leastInterval keeps top itself from being what keeps the node busy.
const leastInterval = 100 * time.Millisecond

// topOptions are what top was asked for.
type topOptions struct {
	tenants  []string // empty: all
	sort     string
	output   string
	interval time.Duration
	once     bool
}

func topCommand() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top [TENANT...] [--sort cpu|memory|pids|io|name] [--interval 2s] [--once] [-o wide|json]",
		Short: "shows what tenants use of the node, live",
		Long: `Shows what each tenant and all tenants below it use, again and again. On a
terminal the table stays in place: c, m, p, i and n sort it, q leaves it. In a
pipe each interval is a table of its own, or with -o json a line.

  CPU         cores in use, of the limit
  THROTTLED   share of the periods in which the limit of CPU held it up
  MEMORY      in use, of the limit, without page cache, which -o wide adds
  HIGH        times that the kernel slowed it down for memory (cgroup v2)
  READ WRITE  bytes a second of disks; on cgroup v1 without what is written
              through the page cache
  NET         bits a second that its containers received and sent, of the limit
  DROPPED     packets that walls between tenants dropped
  PSI         share of the last 10 seconds in which something waited for it
              (cgroup v2 with pressure stall information)
  OOM         processes that the kernel killed for memory

What this kernel does not say is "-", and null in JSON.`,
		Example: `  bulkhead top
  bulkhead top --once -o json acme`,
		ValidArgsFunction: completeTenants,
	}
	f := cmd.Flags()
	f.StringVar(&o.sort, "sort", "cpu", "by what the tenants of one parent are sorted: "+strings.Join(sorts, ", "))
	f.StringVarP(&o.output, "output", "o", "", "wide or json; a table if absent")
	f.DurationVar(&o.interval, "interval", 2*time.Second, "time between two readings")
	f.BoolVar(&o.once, "once", false, "print once, after half a second, and end")
	must(cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(sorts, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(topOutputs, cobra.ShellCompDirectiveNoFileComp)))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.tenants = args
		if err := o.check(); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		t := &top{topOptions: o, meter: runtime.NewMeter(runtime.New(here(), runtime.Execute)), cmd: cmd}
		if out, ok := cmd.OutOrStdout().(*os.File); ok && !o.once && o.output != "json" && term.IsTerminal(int(out.Fd())) {
			return t.live(ctx, out)
		}
		return t.stream(ctx)
	}
	return cmd
}

var topOutputs = []string{"wide", "json"}

func (o *topOptions) check() error {
	if !slices.Contains(sorts, o.sort) {
		return fmt.Errorf("unknown order %q; want --sort %s", o.sort, strings.Join(sorts, ", "))
	}
	if o.output != "" && !slices.Contains(topOutputs, o.output) {
		return fmt.Errorf("unknown output %q; want %s", o.output, strings.Join(topOutputs, ", "))
	}
	if o.interval < leastInterval {
		return fmt.Errorf("--interval is %v, want at least %v", o.interval, leastInterval)
	}
	return nil
}

// top reads and shows.
type top struct {
	topOptions
	meter *runtime.Meter
	cmd   *cobra.Command

	before *reading // the last one
}

// reading is the use of all tenants at one time.
type reading struct {
	at      time.Time
	tenants map[string]*runtime.Usage
	order   []*runtime.Usage
}

// read returns what is used since the reading before. Beside an error there may be
// uses: then it concerns some cgroups only.
func (t *top) read() ([]*use, error) {
	all, at, err := t.meter.Read()
	if all == nil && err != nil {
		return nil, err
	}
	now := &reading{at, map[string]*runtime.Usage{}, all}
	for _, u := range all {
		now.tenants[u.Tenant] = u
	}
	uses := usesOf(t.before, now)
	t.before = now
	kept, unknown := only(uses, t.tenants)
	return kept, errors.Join(unknown, err)
}

// stream prints one table, or one after the other.
func (t *top) stream(ctx context.Context) error {
	if uses, err := t.read(); uses == nil && err != nil {
		return err
	}
	for wait := firstRate; ; wait = t.interval {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		uses, err := t.read()
		if uses == nil && err != nil {
			return err
		}
		if err := t.print(uses); err != nil {
			return err
		}
		if t.once || err != nil {
			return err
		}
	}
}

// print writes uses once, without colours.
func (t *top) print(uses []*use) error {
	out := t.cmd.OutOrStdout()
	inOrder := sorted(uses, t.sort)
	switch {
	case t.output == "json":
		return printUses(out, inOrder, len(t.tenants) == 1, t.once)
	case len(inOrder) == 0:
		fmt.Fprintln(t.cmd.ErrOrStderr(), listers["tenant"].empty)
		return nil
	}
	_, err := fmt.Fprint(out, strings.Join(layout{wide: t.output == "wide"}.lines(inOrder), "\n"), "\n")
	return err
}

func completeTenants(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return tenantNames(), cobra.ShellCompDirectiveNoFileComp
}
