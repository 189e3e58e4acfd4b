package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// defaultRoot is runc's own for root.
const defaultRoot = "/run/runc"

// invocation is one run of the command line.
type invocation struct {
	rt            *runtime.Runtime
	program       string // the name that it was run by
	tenant        string // by flag
	root          string // the engine's state folder
	log           string
	logFormat     string
	debug         bool
	help, version bool
	verb          string
	args          []string // behind the verb
}

// parse reads the flags before the verb. The invocation is there also with an
// error, which is to be written where the engine reads it.
func parse(argv []string) (*invocation, error) {
	inv := &invocation{rt: runtime.New(tenant.FromEnv(), runtime.Execute), program: filepath.Base(argv[0])}
	f := flags("bulkhead-runc")
	f.StringVar(&inv.tenant, "bulkhead-tenant", "", "")
	f.StringVar(&inv.root, "root", defaultRoot, "")
	f.StringVar(&inv.log, "log", "", "")
	f.StringVar(&inv.logFormat, "log-format", "text", "")
	f.BoolVar(&inv.debug, "debug", false, "")
	both(f, &inv.help, "help", "h")
	both(f, &inv.version, "version", "v")
	f.Bool("systemd-cgroup", false, "") // follows from the node
	for _, unused := range []string{"rootless", "criu", "cgroup-manager"} {
		f.String(unused, "", "")
	}
	if err := f.Parse(argv[1:]); err != nil {
		return inv, err
	}
	if f.NArg() == 0 {
		inv.help = inv.help || !inv.version
		return inv, nil
	}
	inv.verb, inv.args = f.Arg(0), f.Args()[1:]
	return inv, nil
}

// flags are parsed as runc's: one hyphen or two, and up to the first word that
// is none.
func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// both declares a switch with a short name.
func both(f *flag.FlagSet, to *bool, name, short string) {
	f.BoolVar(to, name, false, "")
	f.BoolVar(to, short, false, "")
}

// text declares a value with a short name.
func text(f *flag.FlagSet, to *string, name, short string) {
	f.StringVar(to, name, "", "")
	f.StringVar(to, short, "", "")
}

// one returns the only word behind the flags, the container's id.
func one(f *flag.FlagSet) (string, error) {
	if f.NArg() != 1 {
		return "", fmt.Errorf("%s takes one container id, got %d words", f.Name(), f.NArg())
	}
	return f.Arg(0), nil
}

// global are the flags before the verb for a delegate.
func (inv *invocation) global(stateFolder string) []string {
	args := []string{"--root", stateFolder}
	if inv.log != "" {
		args = append(args, "--log", inv.log, "--log-format", inv.logFormat)
	}
	if inv.debug {
		args = append(args, "--debug")
	}
	return args
}
