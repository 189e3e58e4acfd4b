package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// A delegate opens the source of a bind mount by its path, some time after it
// was judged. Where a container could exchange it meanwhile (CVE-2021-30465,
// CVE-2023-0778), the delegate is given another path: a mount of the very file
// that was judged, in a folder of Bulkhead's own, until it has made the
// container. The folder has a small file system of its own, which one call takes
// away with all that is mounted there.

// stage returns the accepted spec with the sources that a delegate can trust.
// Its error is errStale when a source is no longer what was judged.
func (a *Accepted) stage(d *decision) (*specs.Spec, error) {
	staged := *d.final.Spec
	staged.Mounts = slices.Clone(staged.Mounts)
	g, dir, made := grantsOf(d.node, d.policy).to(d.facts), stageOf(a.rt.root, a.record.Scope, a.record.ID), false
	for i, m := range staged.Mounts {
		file, known := d.facts.Files[m.Source]
		if !known || file.Guarded || !isBind(m) {
			continue
		}
		if !made {
			if err := makeStage(dir); err != nil {
				return nil, err
			}
			made = true
		}
		at := filepath.Join(dir, strconv.Itoa(i))
		if err := g.stage(m, file, at); err != nil {
			return nil, fmt.Errorf("mounts[%q].source: %w", m.Destination, err)
		}
		staged.Mounts[i].Source = at
	}
	return &staged, nil
}

// stageOf is the folder for a container's sources while its delegate makes it.
func stageOf(root tenant.Root, scope, id string) string {
	return filepath.Join(root.Mounts(), scope, id)
}

// makeStage makes the folder. Its file system is private, or every mount in it
// would appear in, and be held by, all mount namespaces that follow the node's
// (mount_namespaces(7)).
func makeStage(dir string) error {
	if err := removeStage(dir); err != nil { // of a shim that was killed
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("bulkhead", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700,size=64k"); err != nil {
		return os.NewSyscallError("mount "+dir, err)
	}
	return os.NewSyscallError("mount --make-private", unix.Mount("", dir, "", unix.MS_PRIVATE, ""))
}

// stage mounts what a source is at another path, if it still is what was judged.
func (g grants) stage(m specs.Mount, judged isolator.File, at string) error {
	_, l, err := g.locate(m.Source)
	if err != nil && !notThere(err) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: %s went", errStale, m.Source)
	}
	defer l.close()
	if now := fileOf(l); now.Device != judged.Device || now.Inode != judged.Inode || now.Kind != judged.Kind {
		return fmt.Errorf("%w: %s was exchanged", errStale, m.Source)
	}
	flags := uint(unix.AT_EMPTY_PATH | unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	if slices.Contains(m.Options, "rbind") {
		flags |= unix.AT_RECURSIVE
	}
	tree, err := unix.OpenTree(l.fd, "", flags)
	if errors.Is(err, unix.ENOSYS) {
		return fmt.Errorf("mount the file that was judged: %w; this needs Linux 5.2", os.NewSyscallError("open_tree", err))
	}
	if err != nil {
		return os.NewSyscallError("open_tree", err)
	}
	defer unix.Close(tree)
	if err := place(at, judged.Kind); err != nil {
		return err
	}
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, at, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return os.NewSyscallError("move_mount", err)
	}
	return nil
}

// place makes what can be mounted over.
func place(at string, kind isolator.FileKind) error {
	if kind == isolator.Folder {
		return os.Mkdir(at, 0o700)
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// removeStage takes a container's stage away; none is success. Nothing is
// removed by name but the folder itself, and only when it is empty: below it may
// be a tenant's files. All is made private first: what is unmounted below a
// shared mount is unmounted in the place that it was made from, too.
func removeStage(dir string) error {
	for {
		err := unix.Mount("", dir, "", unix.MS_REC|unix.MS_PRIVATE, "")
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if errors.Is(err, unix.EINVAL) { // not a mount, or not any more
			break
		}
		if err == nil {
			err = unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		}
		if err != nil {
			return os.NewSyscallError("unmount "+dir, err)
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return os.NewSyscallError("rmdir "+dir, err)
	}
	return nil
}
