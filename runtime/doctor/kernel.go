package doctor

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// kernel: which runs, and whether it has the calls by which paths and mounts are
// kept what they were judged as.
var _ = register(Check{"kernel", checkKernel})

func checkKernel(_ context.Context, n *Node) ([]Result, error) {
	release, err := n.text("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	all := ok("Linux %s, %s", release, n.Facts.Architecture)
	// Neither names a file that is there: only whether the kernel knows the call
	// follows from the error.
	if _, err := unix.Openat2(-1, "", &unix.OpenHow{}); errors.Is(err, unix.ENOSYS) {
		all = append(all, Result{
			Level: Failure, What: "openat2(2) is missing",
			Means: "sources of mounts cannot be looked at without following links, so containers with bind mounts do not start",
			Fix:   "Linux 5.6 or later, and no filter around this node that hides the call",
		})
	}
	if err := unix.MountSetattr(-1, "", 0, &unix.MountAttr{}); errors.Is(err, unix.ENOSYS) {
		all = append(all, Result{
			Level: Warning, What: "mount_setattr(2) is missing",
			Means: "a read-only mount with others below it is refused: only the outermost could be made read-only",
			Fix:   "Linux 5.12 or later, and no filter around this node that hides the call",
		})
	}
	return all, nil
}
