package doctor

import (
	"context"
	"strings"
)

// resctrl: whether caches and memory bandwidth could be divided.
var _ = register(Check{"resctrl", checkResctrl})

func checkResctrl(_ context.Context, n *Node) ([]Result, error) {
	known, err := n.text("/proc/filesystems")
	if err != nil {
		return nil, err
	}
	if strings.Contains(known, "\tresctrl") {
		return ok("the hardware can divide caches or memory bandwidth; no key of the policy does yet"), nil
	}
	return []Result{{
		Level: Note, What: "caches and memory bandwidth cannot be divided (no resctrl)",
		Means: "a tenant may push others out of the caches; no key of the policy needs it yet",
		Fix:   "hardware with Intel RDT, AMD QoS or Arm MPAM, and a kernel built with CONFIG_X86_CPU_RESCTRL or CONFIG_ARM64_MPAM",
	}}, nil
}
