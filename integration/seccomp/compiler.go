package seccomp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// ErrHangs is that libseccomp does not come to an end with a filter.
var ErrHangs = errors.New("libseccomp does not end")

// patience is how long one filter may take, which is milliseconds as a rule.
const patience = 5 * time.Second

// A Compiler makes programs of filters as runc does, in a process of its own.
type Compiler struct {
	program string
	cmd     *exec.Cmd
	in      *json.Encoder
	out     *json.Decoder
	stdin   io.Closer
	done    map[*specs.LinuxSeccomp]compiled
}

type compiled struct {
	program Program
	flags   uint64
	err     error
}

// NewCompiler needs what `make compile-seccomp` builds.
func NewCompiler() (*Compiler, error) {
	repo, err := node.Repository()
	if err != nil {
		return nil, err
	}
	c := &Compiler{program: filepath.Join(repo, "bin", "compile-seccomp"), done: map[*specs.LinuxSeccomp]compiled{}}
	if _, err := os.Stat(c.program); err != nil {
		return nil, fmt.Errorf("%w; run: make compile-seccomp", err)
	}
	return c, c.start()
}

func (c *Compiler) start() error {
	c.cmd = exec.Command(c.program)
	c.cmd.Stderr = os.Stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	c.in, c.out, c.stdin = json.NewEncoder(stdin), json.NewDecoder(stdout), stdin
	return c.cmd.Start()
}

// Close ends the process.
func (c *Compiler) Close() error { return errors.Join(c.stdin.Close(), c.cmd.Wait()) }

// Compile returns the program that runc loads for a filter and the flags of
// seccomp(2) that it does so with. An error is runc's, or ErrHangs. It remembers
// what it did.
func (c *Compiler) Compile(filter *specs.LinuxSeccomp) (Program, uint64, error) {
	r, ok := c.done[filter]
	if !ok {
		r.program, r.flags, r.err = c.compile(filter)
		c.done[filter] = r
	}
	return r.program, r.flags, r.err
}

func (c *Compiler) compile(filter *specs.LinuxSeccomp) (Program, uint64, error) {
	var result struct {
		Program []byte `json:"program"`
		Flags   uint64 `json:"flags"`
		Error   string `json:"error"`
	}
	if err := c.in.Encode(filter); err != nil {
		return nil, 0, err
	}
	timer := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	err := c.out.Decode(&result)
	if !timer.Stop() {
		_ = c.Close() // killed
		return nil, 0, errors.Join(ErrHangs, c.start())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read from %s: %w", filepath.Base(c.program), err)
	}
	if result.Error != "" {
		return nil, 0, errors.New(result.Error)
	}
	p, err := NewProgram(result.Program)
	return p, result.Flags, err
}
