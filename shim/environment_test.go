package shim

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEnvironmentKeepsOnlyTheContractWithContainerd(t *testing.T) {
	for name, value := range map[string]string{
		"LD_PRELOAD": "/tmp/evil.so", "RUN_OCI_SECCOMP_RECEIVER": "/tmp/s", "PATH": "/tmp",
		"TTRPC_ADDRESS": "/run/c.sock", "BULKHEAD_ROOT": "/tmp/root",
	} {
		t.Setenv(name, value)
	}
	before := os.Environ()
	defer func() {
		for _, kv := range before {
			if name, value, ok := strings.Cut(kv, "="); ok {
				os.Setenv(name, value)
			}
		}
	}()
	pruneEnvironment()
	got := os.Environ()
	slices.Sort(got)
	for _, kv := range got {
		name, _, _ := strings.Cut(kv, "=")
		if name != "PATH" && !slices.Contains(keptVariables, name) {
			t.Errorf("kept %s", name)
		}
	}
	if os.Getenv("TTRPC_ADDRESS") != "/run/c.sock" || os.Getenv("BULKHEAD_ROOT") != "/tmp/root" {
		t.Errorf("lost what containerd and the operator set: %v", got)
	}
	if os.Getenv("PATH") == "/tmp" {
		t.Error("kept the engine's PATH")
	}
}
