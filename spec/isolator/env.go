package isolator

import (
	"fmt"
	"slices"
	"strings"
)

// mostEnv is the size of an environment in bytes: what execve(2) takes for it
// and the arguments under the default stack limit of 8 MiB, a quarter of that.
// The shim and the delegate hold it several times over.
const mostEnv = 2 << 20

// hostVariables are read on the node's side: engines write a line of the
// container's /etc/passwd from the first four (a newline in HOME adds a root of
// one's own, CVE-2022-4318, CVE-2026-15809), and the delegate finds the program
// by PATH. Others may have as many lines as they like: certificates, scripts.
var hostVariables = []string{"HOME", "USER", "LOGNAME", "SHELL", "PATH"}

// plainEnv refuses what is no environment. Its denials never show a value: many
// are secrets.
func plainEnv(env []string) error {
	size := 0
	for i, e := range env {
		size += len(e) + 1
		name, value, _ := strings.Cut(e, "=")
		switch {
		case strings.ContainsRune(e, 0):
			return &Denial{"identity", variable(i, name), "text with a NUL", "text without", Nothing}
		case strings.ContainsFunc(name, isControlCharacter):
			return &Denial{"identity", variable(i, name), "named with a control character", "a name without", Nothing}
		case slices.Contains(hostVariables, name) && strings.ContainsFunc(value, isControlCharacter):
			return &Denial{"identity", variable(i, name), "text with a newline or another control character", "text without", Nothing}
		}
	}
	if size > mostEnv {
		return &Denial{"identity", "process.env", fmt.Sprintf("%d bytes", size), fmt.Sprintf("at most %d", mostEnv), Nothing}
	}
	return nil
}

func isControlCharacter(r rune) bool { return r < ' ' || r == 0x7f }

// variable names one by its place, and by its name where that is one: what
// stands before a '=' may as well be part of a value.
func variable(i int, name string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
	if len(name) <= 64 && consistsOf(name, letters) {
		return fmt.Sprintf("process.env[%d] (%s)", i, name)
	}
	return fmt.Sprintf("process.env[%d]", i)
}
