package posture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// File is an open file of a process.
type File struct {
	Descriptor string
	Path       string // as the kernel shows it
	MountID    int    // of the mount that it was opened on
	Device     bool   // a character or block device
	Null       bool   // /dev/null, whoever's it is
}

// readFiles reads the open files that have a place in some mount. Pipes, sockets
// and what else the kernel keeps for itself have none.
func (p *Posture) readFiles() error {
	entries, err := os.ReadDir(p.path("fd"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		f, err := p.file(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed meanwhile
		}
		if err != nil {
			return err
		}
		if strings.HasPrefix(f.Path, "/") {
			p.Files = append(p.Files, f)
		}
	}
	return nil
}

func (p *Posture) file(descriptor string) (File, error) {
	f := File{Descriptor: descriptor}
	var err error
	if f.Path, err = os.Readlink(p.path("fd/" + descriptor)); err != nil {
		return f, err
	}
	var st unix.Stat_t
	if err := unix.Stat(p.path("fd/"+descriptor), &st); err != nil { // does not open it
		return f, err
	}
	kind := st.Mode & unix.S_IFMT
	f.Device = kind == unix.S_IFCHR || kind == unix.S_IFBLK
	f.Null = kind == unix.S_IFCHR && unix.Major(st.Rdev) == 1 && unix.Minor(st.Rdev) == 3
	info, err := os.ReadFile(p.path("fdinfo/" + descriptor))
	if err != nil {
		return f, err
	}
	for line := range strings.Lines(string(info)) {
		if value, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			_, err = fmt.Sscan(value, &f.MountID)
		}
	}
	return f, err
}
