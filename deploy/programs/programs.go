// Package programs puts the shim and the operator's program where an engine
// finds them.
package programs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/bulkhead-dev/bulkhead/deploy/change"
)

// The programs, and the name under which engines look for the stock shim.
const (
	Shim      = "containerd-shim-bulkhead-v2"
	Operator  = "bulkhead"      // the shim calls it on nodes with systemd, and looks for it beside itself
	Runtime   = "bulkhead-runc" // runc's command line, for builders
	StockShim = "containerd-shim-runc-v2"
)

// DefaultPath is where systemd's services look for programs.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// A Place says where programs come from and where an engine finds them.
type Place struct {
	From   string // folder with the programs
	To     string // folder for them; empty: From if it is on Path, else /usr/local/bin
	Path   string // the engine's
	Builds bool   // the runtime for builders too
	// Takeover puts the shim under the stock one's name before it on Path.
	Takeover bool
	Engine   string // the engine's program
	// Containerd is the program that starts shims, and looks for them beside
	// itself too: the engine's own or, if empty, Engine.
	Containerd string
}

// Folder is where the programs will be.
func (p Place) Folder() string {
	switch {
	case p.To != "":
		return p.To
	case slices.Contains(filepath.SplitList(p.Path), p.From):
		return p.From
	}
	return "/usr/local/bin"
}

// OnPath refuses a folder where the engine does not look for shims.
func (p Place) OnPath() error {
	folders := append(filepath.SplitList(p.Path), filepath.Dir(cmp.Or(p.Containerd, p.Engine)))
	if !slices.Contains(folders, p.Folder()) {
		return fmt.Errorf("%s is not on the engine's path %s; name another folder with --to, or the path of its service with --path", p.Folder(), p.Path)
	}
	return nil
}

// Files are what must be made so that the engine finds the programs: nothing,
// where a package has put them there.
func (p Place) Files(l *change.Ledger) ([]change.File, error) {
	names := []string{Shim, Operator}
	if p.Builds {
		names = append(names, Runtime)
	}
	var files []change.File
	for _, name := range names {
		from, to := filepath.Join(p.From, name), filepath.Join(p.Folder(), name)
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, fmt.Errorf("%w; the programs must be in one folder, name it with --from", err)
		}
		if there, err := os.ReadFile(to); err == nil && string(there) == string(data) && !l.Owns(to) {
			continue
		}
		files = append(files, change.File{Path: to, Data: data, Mode: 0o755, From: from})
	}
	if !p.Takeover {
		return files, nil
	}
	name, err := p.stockName()
	if err != nil {
		return nil, err
	}
	return append(files, change.File{Path: name, Link: filepath.Join(p.Folder(), Shim)}), nil
}

// stockName is a path that the engine finds before the stock shim.
func (p Place) stockName() (string, error) {
	folders := filepath.SplitList(p.Path)
	stock := slices.IndexFunc(folders, func(dir string) bool {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, StockShim))
		return err == nil && filepath.Base(real) != Shim
	})
	beside := filepath.Join(filepath.Dir(cmp.Or(p.Containerd, p.Engine)), StockShim)
	if _, err := os.Stat(beside); stock < 0 && err != nil {
		return "", fmt.Errorf("found no %s to take over on the engine's path %s; name its path with --path", StockShim, p.Path)
	}
	if stock >= 0 {
		folders = folders[:stock]
	}
	if slices.Contains(folders, p.Folder()) {
		return filepath.Join(p.Folder(), StockShim), nil
	}
	if len(folders) == 0 {
		return "", errors.New("no folder of the engine's path comes before the stock shim's; give the engine's service another PATH, and name it with --path")
	}
	return filepath.Join(folders[0], StockShim), nil
}
