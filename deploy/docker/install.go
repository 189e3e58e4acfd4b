package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
	"github.com/bulkhead-dev/bulkhead/deploy/programs"
)

// Runner executes a program, as runtime.Execute does.
type Runner func(ctx context.Context, env []string, stdin []byte, program string, args ...string) ([]byte, error)

// Install is one installation into a Docker daemon.
type Install struct {
	Programs programs.Place
	Config   string // daemon.json, absolute
	Handlers string // folder of the files that pin a tenant
	Units    string // systemd's folder of the node's own units; empty: it has none
	Tenants  []string
	Default  bool
	Run      Runner

	major int // of the daemon
}

// Restart reports whether the daemon must be started again to notice.
func (i *Install) Restart() bool { return i.major >= 24 || i.Units != "" }

// Runtimes are the names that daemon.json gets, the first one without a tenant.
func (i *Install) Runtimes() []string {
	if i.major < 24 {
		return nil
	}
	return append([]string{Runtime}, i.Tenants...)
}

// Plan returns what has to be written, and changes nothing.
func (i *Install) Plan(ctx context.Context, l *change.Ledger) ([]change.File, error) {
	if err := i.version(ctx); err != nil {
		return nil, err
	}
	if i.major < 24 && (i.Default || len(i.Tenants) > 0) {
		return nil, fmt.Errorf("docker %d cannot name a shim in daemon.json, which --default and --tenant need (24 can); use --takeover", i.major)
	}
	if i.major < 23 && !i.Programs.Takeover {
		return nil, fmt.Errorf("docker %d cannot name a shim; use --takeover, which puts bulkhead's under the stock one's name", i.major)
	}
	if i.major == 23 { // a client names it by its type
		if err := i.Programs.OnPath(); err != nil {
			return nil, err
		}
	}
	i.Programs.Builds = true
	files, err := i.Programs.Files(l)
	if err != nil {
		return nil, err
	}
	if i.Units != "" {
		files = append(files, i.builds()...)
	}
	if i.major < 24 {
		return files, nil
	}
	names, runtimes := []string{Runtime}, map[string]runtime{Runtime: {RuntimeType: filepath.Join(i.Programs.Folder(), programs.Shim)}}
	for _, name := range i.Tenants {
		pin := filepath.Join(i.Handlers, name+".toml")
		files = append(files, change.File{Path: pin, Data: fmt.Appendf(nil, "tenant = %q\n", name), Mode: 0o644})
		r := runtimes[Runtime]
		r.Options = &options{TypeURL: "runtimeoptions.v1.Options", ConfigPath: pin}
		names, runtimes[name] = append(names, name), r
	}
	config, err := i.daemon(l, names, runtimes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.Config, err)
	}
	return append(files, *config), nil
}

func (i *Install) daemon(l *change.Ledger, names []string, runtimes map[string]runtime) (*change.File, error) {
	text, err := l.Original(i.Config)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	byDefault := ""
	if i.Default {
		byDefault = Runtime
		if len(i.Tenants) == 1 {
			byDefault = i.Tenants[0]
		}
	}
	data, edits, edit := edit(text, names, runtimes, byDefault)
	if errors.Is(err, os.ErrNotExist) {
		edits = []change.Edit{{New: string(data)}}
	}
	return &change.File{Path: i.Config, Data: data, Mode: 0o644, Edits: edits}, edit
}

var versionPattern = regexp.MustCompile(`version v?(\d+)\.`)

// version asks the daemon's program: "Docker version 20.10.24+dfsg1, build …".
func (i *Install) version(ctx context.Context) error {
	out, err := i.Run(ctx, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, nil, i.Programs.Engine, "--version")
	if err != nil {
		return err
	}
	found := versionPattern.FindSubmatch(out)
	if found == nil {
		return fmt.Errorf("%s --version printed %q", i.Programs.Engine, out)
	}
	if i.major, err = strconv.Atoi(string(found[1])); i.major < 10 { // moby's own module: v2.0.0
		i.major = 29
	}
	return err
}

// Environment is what dockerd needs where no unit of systemd gives it, as an
// advice; empty: systemd does.
func (i *Install) Environment() string {
	switch {
	case i.Units != "":
		return ""
	case i.major < 23:
		return "a folder ahead on its PATH with a link runc to " + filepath.Join(i.Programs.Folder(), programs.Runtime)
	}
	return runcVariable + "=" + filepath.Join(i.Programs.Folder(), programs.Runtime) + " in its environment"
}

// Verify has the daemon read its configuration, where it can without starting.
func (i *Install) Verify(ctx context.Context) error {
	if i.major < 24 {
		return nil
	}
	_, err := i.Run(ctx, []string{"PATH=" + i.Programs.Path}, nil, i.Programs.Engine, "--validate", "--config-file", i.Config)
	return err
}
