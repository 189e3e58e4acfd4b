package doctor

import (
	"context"
	"strings"
)

// core_pattern: where the kernel writes the memory of what crashes.
var _ = register(Check{"core_pattern", checkCorePattern})

func checkCorePattern(_ context.Context, n *Node) ([]Result, error) {
	pattern, err := n.text("/proc/sys/kernel/core_pattern")
	if err != nil {
		return nil, err
	}
	if program, piped := strings.CutPrefix(pattern, "|"); piped {
		return []Result{{
			Level: Warning, What: "core_pattern starts a program: " + program,
			// RLIMIT_CORE does not bound a pipe (core(5)).
			Means: "whoever crashes starts it as root on the host, whatever its limits; its time and what it writes are no tenant's",
			Fix:   "sysctl kernel.core_pattern=/dev/null, in /etc/sysctl.d too",
		}}, nil
	}
	if !strings.HasPrefix(pattern, "/dev/null") {
		return []Result{{
			Level: Note, What: "core_pattern writes into the container of what crashes: " + pattern,
			Means: "a tenant whose container.rlimits.core is above 0 fills its own file system; it is 0 at the levels baseline and restricted",
			Fix:   "sysctl kernel.core_pattern=/dev/null, in /etc/sysctl.d too",
		}}, nil
	}
	return ok("nothing is written of what crashes"), nil
}
