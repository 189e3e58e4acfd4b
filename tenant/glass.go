package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// MostGlass is for how long a glass can be broken at once.
const MostGlass = 4 * time.Hour

// Glass is a tenant's broken glass: until it ends, the tenant acts as Audit. It
// is a file of root's below run/bulkhead, so no policy has to be applied, and
// none can be forgotten: it ends by the clock, and when the node is booted.
type Glass struct {
	Tenant string    `json:"tenant"`
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"` // who broke it
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	// Boot and Uptime end it also where somebody sets the clock back, or run is
	// not on a tmpfs.
	Boot   string        `json:"boot"`   // the kernel's boot_id
	Uptime time.Duration `json:"uptime"` // of the node when it ends, in nanoseconds
}

// GlassOf returns a tenant's broken glass, nil if it is whole. A file that is
// not what root wrote, or that has ended, counts as none.
func GlassOf(root Root, tenant string) *Glass {
	g, err := ReadGlass(root, tenant)
	if err != nil {
		return nil
	}
	return g
}

// ReadGlass returns a tenant's broken glass, or why it does not count:
// fs.ErrNotExist when there is none, ErrGlassEnded when it was.
func ReadGlass(root Root, tenant string) (*Glass, error) {
	if !plainName(tenant) {
		return nil, fs.ErrNotExist
	}
	path := GlassFile(root, tenant)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := roots(f); err != nil {
		return nil, fmt.Errorf("%s counts as none: %w", path, err)
	}
	g, err := parseGlass(f)
	if err == nil {
		err = g.counts(tenant)
	}
	if err != nil {
		return nil, fmt.Errorf("%s counts as none: %w", path, err)
	}
	return g, nil
}

// ErrGlassEnded says that the time of a broken glass has passed.
var ErrGlassEnded = errors.New("its time has passed")

// GlassFile is the file of a tenant's broken glass.
func GlassFile(root Root, tenant string) string { return filepath.Join(root.Glass(), tenant+".json") }

// roots expects a plain file that nobody but its owner, who is whoever runs
// this (root on a node), can read, write, or have under another name.
func roots(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || info.Mode() != 0o600: // of no other type
		return fmt.Errorf("its mode is %v, want -rw-------", info.Mode())
	case st.Uid != uint32(os.Geteuid()):
		return fmt.Errorf("its owner is user %d, want %d", st.Uid, os.Geteuid())
	case st.Nlink != 1:
		return fmt.Errorf("it has %d names, want 1", st.Nlink)
	}
	return nil
}

// largestGlass is in bytes.
const largestGlass = 4096

func parseGlass(r io.Reader) (*Glass, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestGlass+1))
	if err != nil {
		return nil, err
	}
	if len(data) > largestGlass {
		return nil, fmt.Errorf("it has more than %d bytes", largestGlass)
	}
	g := new(Glass)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(g); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows its end")
	}
	return g, nil
}

// counts reports why a glass is not broken now, nil if it is.
func (g *Glass) counts(tenant string) error {
	boot, uptime, err := SinceBoot()
	if err != nil {
		return err
	}
	now := time.Now()
	switch {
	case g.Tenant != tenant:
		return fmt.Errorf("it is of tenant %q", g.Tenant)
	case g.Reason == "":
		return errors.New("it names no reason")
	case g.Boot != boot, !now.Before(g.Until), uptime >= g.Uptime:
		return ErrGlassEnded
	case g.Until.Sub(now) > MostGlass, g.Uptime-uptime > MostGlass:
		return fmt.Errorf("it lasts longer than %v", MostGlass)
	}
	return nil
}

// SinceBoot identifies this boot of the node, and says how long ago it was. Unlike
// the clock nobody can set it.
func SinceBoot() (id string, ago time.Duration, err error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", 0, err
	}
	uptime, err := os.ReadFile("/proc/uptime") // "351735.47 234388.90": since boot, idle
	if err != nil {
		return "", 0, err
	}
	since, _, _ := strings.Cut(string(uptime), " ")
	seconds, err := strconv.ParseFloat(since, 64)
	if err != nil {
		return "", 0, fmt.Errorf("read /proc/uptime: %w", err)
	}
	return strings.TrimSpace(string(boot)), time.Duration(seconds * float64(time.Second)), nil
}
