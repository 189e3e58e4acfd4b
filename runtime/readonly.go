package runtime

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// recursiveReadOnly reports whether the delegate and this kernel can make a
// mount read-only with all that is mounted below it.
func (d *Delegate) recursiveReadOnly() bool {
	if d.Features == nil || !slices.Contains(d.Features.MountOptions, "rro") {
		return false
	}
	err := unix.MountSetattr(-1, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	return !errors.Is(err, unix.ENOSYS) // of no file: it changes nothing
}
