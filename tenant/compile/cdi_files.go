package compile

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"tags.cncf.io/container-device-interface/pkg/cdi"
	specs "tags.cncf.io/container-device-interface/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// cdiFiles are the devices of a node's CDI files, found by the code that engines
// find them with.
type cdiFiles struct {
	*cdi.Cache
	folders []string
}

func readCDI(folders []string) *cdiFiles {
	cache, _ := cdi.NewCache(cdi.WithSpecDirs(folders...), cdi.WithAutoRefresh(false)) // never an error (1.1.1)
	return &cdiFiles{cache, folders}
}

// unread says which files were not understood.
func (f *cdiFiles) unread() string {
	var b strings.Builder
	all := f.GetErrors()
	for _, file := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "; not understood: %s: %v", file, errors.Join(all[file]...))
	}
	return strings.ReplaceAll(b.String(), "\n", "; ")
}

// rootsOwn refuses a file that others than root may write or replace: whoever
// writes a CDI file chooses programs that run as root around containers.
func rootsOwn(file string) error {
	at, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	for ; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid() {
			return fmt.Errorf("%s is not root's own", at)
		}
		if info.Mode().Perm()&0o022 != 0 && !(info.IsDir() && info.Mode()&os.ModeSticky != 0) {
			return fmt.Errorf("others than root may write to %s", at)
		}
		if at == "/" {
			return nil
		}
	}
}

// nodeOf completes what a file says of a device node with what the node has, as
// an engine does when it starts a container (cdi 1.1.1, fillMissingInfo).
func nodeOf(n *specs.DeviceNode) (tenant.CDINode, error) {
	out := tenant.CDINode{Path: n.Path, HostPath: n.HostPath, Type: n.Type, Major: n.Major, Minor: n.Minor}
	if out.HostPath == "" {
		out.HostPath = n.Path
	}
	switch n.Permissions {
	case "":
		out.Permissions = "rwm"
	case cdi.NoPermissions:
	default:
		out.Permissions = permissions(n.Permissions)
	}
	if out.Type == "u" {
		out.Type = "c"
	}
	if out.Type != "" && out.Major != 0 {
		return out, nil
	}
	var st unix.Stat_t
	if err := unix.Lstat(out.HostPath, &st); err != nil {
		return out, &os.PathError{Op: "look at", Path: out.HostPath, Err: err}
	}
	kind := map[uint32]string{unix.S_IFBLK: "b", unix.S_IFCHR: "c"}[st.Mode&unix.S_IFMT]
	if kind == "" || out.Type != "" && out.Type != kind {
		return out, fmt.Errorf("%s is no such device", out.HostPath)
	}
	out.Type, out.Major, out.Minor = kind, int64(unix.Major(st.Rdev)), int64(unix.Minor(st.Rdev))
	return out, nil
}
