package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// ownerAttribute names the tenant that a volume was first mounted for, on the
// volume's folder. It goes with the volume, and only root of the node sees it
// (xattr(7), trusted extended attributes).
const ownerAttribute = "trusted.bulkhead.tenant"

// volumeFolder is the folder of the volume that a file is in: by where it comes
// from, if it is mounted at its path.
func (g grants) volumeFolder(path, real string, origins []string) (folder string, ok bool) {
	if len(origins) == 0 {
		origins = []string{path, real}
	}
	for _, origin := range origins {
		if folder, ok = isolator.VolumeFolder(g.node.EngineRoots, origin); ok {
			return folder, ok
		}
	}
	return "", false
}

// volumeOf returns the tenant of a volume by its folder; "": nobody's.
func (g grants) volumeOf(folder string) (owner string, err error) {
	v, err := g.openVolume(folder)
	if err != nil {
		return "", err
	}
	defer v.Close()
	return ownerOfVolume(v)
}

// errMountedOver says that something is mounted on a volume's data.
var errMountedOver = fmt.Errorf("is mounted over: %w", errLeadsAway)

// mountedOver reports a path of a volume's data that does not show what the
// volume's folder holds: Docker's local driver mounts there what the volume's
// maker names, a folder of the node, a disk or the kernel's own files too (moby
// 20.10 to 29, daemon/volume/local). A tmpfs is the volume's own; of anything
// else only the policy can say whose it is.
func (g grants) mountedOver(path string, file *located, at *mountedThere) error {
	folder, ok := isolator.VolumeFolder(g.node.EngineRoots, path)
	if !ok || at != nil && at.kind == "tmpfs" && len(at.origins) == 0 || g.mayWrite(path) || at != nil && slices.ContainsFunc(at.origins, g.mayWrite) {
		return nil
	}
	v, err := g.openVolume(folder)
	if err != nil {
		return err
	}
	defer v.Close()
	there, err := mountOf(int(v.Fd()))
	if err != nil {
		return err
	}
	here, err := mountOf(file.fd)
	if err == nil && here != there {
		err = errMountedOver
	}
	return err
}

// openVolume opens a volume's folder, which must be root's.
func (g grants) openVolume(folder string) (*os.File, error) {
	l, err := locate(grantsOf(g.node, new(tenant.Policy)).of(folder), folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if !l.guarded || l.stat.Uid != 0 {
		return nil, fmt.Errorf("%s: %w", folder, errLeadsAway)
	}
	fd, err := unix.Openat(l.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open "+folder, err)
	}
	return os.NewFile(uintptr(fd), folder), nil
}

// ownerOfVolume reads the record; "": there is none, or the file system keeps none.
func ownerOfVolume(folder *os.File) (string, error) {
	buf := make([]byte, 256) // a tenant's name is an RFC 1123 label of at most 63
	n, err := unix.Fgetxattr(int(folder.Fd()), ownerAttribute, buf)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the owner of volume %s: %w", folder.Name(), err)
	}
	return string(buf[:n]), nil
}

// claimVolumes makes the tenant the owner of the volumes that it was given and
// that are nobody's. Its error is errStale when another tenant was faster, and
// isolator.Denials for a volume that no owner can be recorded of.
func (d *decision) claimVolumes() error {
	g := grantsOf(d.node, d.policy)
	for _, m := range d.final.Spec.Mounts {
		file, known := d.facts.Files[m.Source]
		folder, ok := g.volumeFolder(filepath.Clean(m.Source), "", file.Origins)
		if !known || !ok || file.Volume != "" || !isBind(m) {
			continue
		}
		err := g.claimVolume(folder)
		if errors.Is(err, errNoRecord) {
			if g.mayWrite(filepath.Clean(m.Source)) {
				continue
			}
			err = isolator.Denials{{
				Isolator: "mounts",
				Path:     fmt.Sprintf("mounts[%q].source", m.Destination),
				Got:      strconv.Quote(m.Source) + ", a volume whose file system keeps no record of its tenant",
				Want:     "one on a file system with trusted extended attributes",
				Allow:    fmt.Sprintf("security.exceptions.hostPaths: [{path: %q}]", filepath.Clean(m.Source)),
			}}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoRecord says that no owner can be recorded of a volume.
var errNoRecord = errors.New("the file system keeps no trusted extended attributes")

func (g grants) claimVolume(folder string) error {
	v, err := g.openVolume(folder)
	if notThere(err) {
		return fmt.Errorf("%w: volume %s went", errStale, folder)
	}
	if err != nil {
		return err
	}
	defer v.Close()
	err = unix.Fsetxattr(int(v.Fd()), ownerAttribute, []byte(g.policy.Name), unix.XATTR_CREATE)
	switch {
	case errors.Is(err, unix.ENOTSUP):
		return errNoRecord
	case errors.Is(err, unix.EEXIST):
		owner, err := ownerOfVolume(v)
		if err == nil && owner != g.policy.Name {
			err = fmt.Errorf("%w: volume %s is another tenant's", errStale, folder)
		}
		return err
	case err != nil:
		return fmt.Errorf("record the owner of volume %s: %w", folder, err)
	}
	return nil
}
