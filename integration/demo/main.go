// Demo shows Bulkhead's main job on this machine: a private engine, two
// tenants, what a container of each gets, what it can do, and the same under
// the stock shim. It takes everything away again, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// patience bounds the whole demo. It takes a tenth of it on two idle CPUs.
const patience = 2 * time.Minute

// policy has two tenants. A third namespace, "stranger", is nobody's.
var policy = node.Policy{Tenants: map[string]string{
	"acme": `
limits: {cpu: "1", memory: 256Mi, pids: 200}
container: {max: {cpu: 500m, memory: 128Mi, pids: 100}}
`,
	"umbrella": `
limits: {cpu: 500m, memory: 128Mi, pids: 64}
security: {level: restricted}
`,
}}

func main() { node.Program("demo", patience, run) }

func run(ctx context.Context) (err error) {
	e, err := start(ctx)
	if e == nil {
		return err
	}
	defer func() {
		progress("cleaning up")
		if ctx.Err() != nil { // what was under way is still there
			err = errors.Join(fmt.Errorf("interrupted: %w", ctx.Err()), e.remove())
			return
		}
		err = errors.Join(err, e.close())
	}()
	if err != nil {
		return err
	}
	t, err := show(ctx, e)
	if err != nil {
		return err
	}
	t.print(os.Stdout, e.client())
	return nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
