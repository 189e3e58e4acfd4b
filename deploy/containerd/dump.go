package containerd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/rogpeppe/go-internal/diff"
)

// Runner executes a program, as runtime.Execute does.
type Runner func(ctx context.Context, env []string, stdin []byte, program string, args ...string) ([]byte, error)

// dump is the whole configuration as the engine itself reads it.
type dump struct {
	text    []byte
	values  table
	section string // of the CRI plugin; empty: it is off
}

// ask has the engine print its configuration: the default's if there is no file.
func ask(ctx context.Context, run Runner, program, config string) (*dump, error) {
	args := []string{"--config", config, "config", "dump"}
	if _, err := os.Stat(config); errors.Is(err, os.ErrNotExist) {
		args = []string{"config", "default"}
	}
	d := &dump{values: table{}}
	var err error
	if d.text, err = run(ctx, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, nil, program, args...); err != nil {
		return nil, err
	}
	if err := toml.Unmarshal(d.text, &d.values); err != nil {
		return nil, fmt.Errorf("read what %s %s prints: %w", program, strings.Join(args, " "), err)
	}
	for _, name := range []string{sectionOld, sectionNew} {
		if at(d.values, "plugins", name, "containerd") != nil {
			d.section = name
		}
	}
	return d, nil
}

// runtimes are the engine's runtime handlers.
func (d *dump) runtimes() table { return at(d.values, "plugins", d.section, "containerd", "runtimes") }

// compare wants the engine to see Bulkhead's keys, and nothing else changed. A
// file that was read is an import to containerd 1.
func (d *dump) compare(after *dump, h handler, files []string) error {
	if d.section != after.section {
		return fmt.Errorf("containerd no longer has the CRI plugin %s", d.section)
	}
	got := at(after.runtimes(), Handler)
	if got["runtime_type"] != Type {
		return fmt.Errorf("containerd does not see the runtime handler %s: another file replaces the section", Handler)
	}
	if name := at(after.values, "plugins", after.section, "containerd")["default_runtime_name"]; h.byName && name != Handler {
		return fmt.Errorf("containerd's default runtime is %v, want %s: another file names it", name, Handler)
	}
	if at(d.values, "plugins", d.section, "containerd")["default_runtime_name"] == Handler {
		h.byName = true // it was, by an earlier installation
	}
	before, now := d.stripped(h, files), after.stripped(h, files)
	if !reflect.DeepEqual(before, now) {
		return fmt.Errorf("containerd reads more of its configuration differently; bring it to the newest version first (containerd config migrate):\n%s", diff.Diff("before", printed(before), "after", printed(now)))
	}
	return nil
}

// stripped is the configuration without Bulkhead's keys.
func (d *dump) stripped(h handler, files []string) any {
	var values table
	if err := toml.Unmarshal(d.text, &values); err != nil {
		return err
	}
	strip(values, d.section, h.byName)
	imports, _ := values["imports"].([]any)
	values["imports"] = slices.DeleteFunc(imports, func(v any) bool { return slices.Contains(files, fmt.Sprint(v)) })
	return prune(values)
}

func printed(v any) []byte {
	text, err := toml.Marshal(v)
	if err != nil {
		return []byte(err.Error())
	}
	return text
}
