package shim

import (
	"os"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// keptVariables are what the shim needs of its engine's environment. Upstream's
// service starts the delegate with the shim's own environment, so whatever is
// not here cannot steer a program that runs as root: LD_PRELOAD, and crun's
// RUN_OCI_SECCOMP_RECEIVER (attack row 2).
var keptVariables = []string{
	"TTRPC_ADDRESS", "GRPC_ADDRESS", "NAMESPACE", "MAX_SHIM_VERSION", // containerd's contract with a shim
	"GOMAXPROCS", "SCHED_CORE", // how containerd sizes it
	"container", // containerd and runc use no AppArmor where it is set
	tenant.RootEnv,
}

func pruneEnvironment() {
	kept := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(keptVariables, name) {
			kept = append(kept, kv)
		}
	}
	os.Clearenv()
	for _, kv := range kept {
		name, value, _ := strings.Cut(kv, "=")
		os.Setenv(name, value)
	}
}
