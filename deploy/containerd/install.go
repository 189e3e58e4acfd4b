package containerd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
	"github.com/bulkhead-dev/bulkhead/deploy/programs"
)

// Install is one installation into a containerd.
type Install struct {
	Programs programs.Place
	Config   string // containerd's, absolute
	CRI      bool   // with a runtime handler for Kubernetes
	Default  bool   // the handler is the default one
	Run      Runner

	handler handler
	before  *dump
	files   []string // of the configuration that are written
}

// Plan returns what has to be written, and changes nothing.
func (i *Install) Plan(ctx context.Context, l *change.Ledger) ([]change.File, error) {
	if i.Default && !i.CRI {
		return nil, errors.New("--default is the default of the CRI plugin; want --cri too")
	}
	if err := i.Programs.OnPath(); err != nil {
		return nil, err
	}
	files, err := i.Programs.Files(l)
	if err != nil || !i.CRI {
		return files, err
	}
	if i.before, err = ask(ctx, i.Run, i.Programs.Engine, i.Config); err != nil {
		return nil, err
	}
	if i.before.section == "" {
		return nil, fmt.Errorf("containerd has no CRI plugin: it is built without, or disabled_plugins in %s turns it off", i.Config)
	}
	i.handler = handler{byName: i.Default}
	config, err := i.configuration(l)
	if err != nil || config == nil {
		return files, err
	}
	i.files = []string{i.Config, config.Path}
	return append(files, *config), nil
}

// configuration is the file that gets the handler, nil if it is there already
// by somebody else's hand.
func (i *Install) configuration(l *change.Ledger) (*change.File, error) {
	text, err := l.Original(i.Config)
	exists := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if !exists {
		text = fmt.Appendf(nil, "version = %d\n", i.before.values["version"])
	}
	d, err := parse(i.Config, text)
	if err != nil {
		return nil, err
	}
	runtimes := at(d.values, "plugins", d.section(), "containerd", "runtimes")
	if there, ok := runtimes[Handler].(table); ok {
		if there["runtime_type"] == Type && !i.Default {
			return nil, nil
		}
		return nil, fmt.Errorf("%s has another runtime handler %s; remove it first", i.Config, Handler)
	}
	modern := i.before.section == sectionNew
	if dir := d.dropIns(i.Config); dir != "" && modern {
		drop := filepath.Join(dir, "bulkhead.toml")
		body := fmt.Sprintf("version = %d\n\n", d.version) + i.handler.block(d.section(), i.Default)
		return &change.File{Path: drop, Data: []byte(body), Mode: 0o644}, nil
	}
	if !modern {
		i.handler.keep = lost(i.before.runtimes(), runtimes)
	}
	data, edits, err := i.handler.insert(i.Config, d)
	if err != nil {
		return nil, err
	}
	if !exists {
		edits = []change.Edit{{New: string(data)}}
	}
	return &change.File{Path: i.Config, Data: data, Mode: 0o644, Edits: edits}, nil
}

// lost are the engine's runtimes that no file names: a list of runtimes in a
// file is to containerd 1 the whole list.
func lost(has, named table) table {
	out := table{}
	for name, v := range has {
		if _, ok := named[name]; !ok && name != Handler {
			if t, ok := prune(v).(table); ok {
				out[name] = t
			}
		}
	}
	return out
}

// Verify wants the engine to read what Plan meant, and nothing else differently.
func (i *Install) Verify(ctx context.Context) error {
	if !i.CRI {
		return nil
	}
	after, err := ask(ctx, i.Run, i.Programs.Engine, i.Config)
	if err != nil {
		return err
	}
	return i.before.compare(after, i.handler, i.files)
}
