package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
)

// operatorProgram speaks to systemd for a shim. Both are installed side by side.
const operatorProgram = "bulkhead"

// orderSlice has an order carried out by the operator's program.
func (rt *Runtime) orderSlice(o cgroup.SliceOrder) error {
	return rt.order("slice", "tenants are slices of systemd on this node, which %s makes", o)
}

// order has the operator's program carry an order out; why says what for, if it
// is not there.
func (rt *Runtime) order(verb, why string, o any) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(own), operatorProgram)
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf(why+"; install it beside the shim: %w", operatorProgram, err)
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = rt.run(ctx, DelegateEnv, data, program, verb)
	return err
}
