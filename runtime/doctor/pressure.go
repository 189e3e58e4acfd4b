package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// pressure: whether the kernel says how long tasks wait for what (PSI).
var _ = register(Check{"pressure", checkPressure})

func checkPressure(_ context.Context, n *Node) ([]Result, error) {
	r := Result{Level: Warning, Means: "nothing tells which tenant waits for CPU, memory or disks"}
	switch _, err := os.ReadFile("/proc/pressure/memory"); {
	case errors.Is(err, fs.ErrNotExist):
		r.What, r.Fix = "the kernel does not measure pressure", "a kernel built with CONFIG_PSI; boot with psi=1"
		return []Result{r}, nil
	case errors.Is(err, unix.EOPNOTSUPP):
		r.What, r.Fix = "pressure is not measured", "boot with psi=1"
		return []Result{r}, nil
	case err != nil:
		return nil, err
	}
	has, err := n.Tree.KernelHas("memory.pressure")
	if err != nil {
		return nil, err
	}
	if !has {
		r.What, r.Fix = "pressure is measured of the node, and not of tenants", toV2()
		return []Result{r}, nil
	}
	return ok("measured of every tenant"), nil
}
