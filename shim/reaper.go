package shim

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"

	"github.com/containerd/containerd/v2/pkg/sys/reaper"
)

// executeReaped is the Runner of the serving process, whose reaper takes the
// exit of every child (wait4 of -1), so that os/exec would wait in vain.
func executeReaped(ctx context.Context, env []string, stdin []byte, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	exits, err := reaper.Default.Start(cmd)
	if err != nil {
		return nil, err
	}
	status, err := reaper.Default.Wait(cmd, exits)
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, fmt.Errorf("%s exited with %d: %s", program, status, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
