package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/console"
	"golang.org/x/term"
)

// TestTopLeavesTheTerminalAsItWas runs top on a terminal, sorts and leaves.
func TestTopLeavesTheTerminalAsItWas(t *testing.T) {
	for _, c := range []struct {
		name, variable, keys string
		end                  func(*os.Process) error
	}{
		{"by a key", "X=", "nq", nil},
		{"by Ctrl-C, without colours", "NO_COLOR=1", "\x03", nil},
		{"by a signal", "X=", "", func(p *os.Process) error { return p.Signal(syscall.SIGTERM) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, path, err := console.NewPty()
			must(err)
			defer master.Close()
			slave, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0)
			must(err)
			defer slave.Close()
			must(master.Resize(console.WinSize{Width: 60, Height: 10}))
			before, err := term.GetState(int(slave.Fd()))
			must(err)

			cmd := exec.Command("/proc/self/exe") // the tool itself, under its name
			cmd.Args, cmd.Env = []string{"bulkhead", "top"}, []string{c.variable, "BULKHEAD_ROOT=" + t.TempDir()}
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			must(cmd.Start())
			limit := time.AfterFunc(30*time.Second, func() { // what is read then ends
				_ = cmd.Process.Kill()
				slave.Close()
			})
			defer limit.Stop()
			// A table that is drawn is one that keys act on.
			out := bufio.NewReader(master)
			screen := until(t, out, "no tenants")
			if !strings.Contains(screen, "\033[?1049h") {
				t.Errorf("it took no screen of its own: %q", screen)
			}
			if c.end != nil {
				must(c.end(cmd.Process))
			} else if _, err := io.WriteString(master, c.keys); err != nil {
				t.Fatal(err)
			}
			if rest := until(t, out, "\033[?1049l"); !strings.Contains(rest, "\033[?25h") {
				t.Errorf("it left without a cursor: %q", rest)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended with %v", err)
			}
			after, err := term.GetState(int(slave.Fd()))
			must(err)
			if *after != *before {
				t.Errorf("the terminal is %+v, was %+v", after, before)
			}
		})
	}
}

// until reads what a terminal shows, until a text.
func until(t *testing.T, out *bufio.Reader, text string) string {
	t.Helper()
	var shown strings.Builder
	for !strings.Contains(shown.String(), text) {
		b, err := out.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q, want %q", err, shown.String(), text)
		}
		shown.WriteByte(b)
	}
	return shown.String()
}
