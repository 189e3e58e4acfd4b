package doctor

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/bulkhead-dev/bulkhead/runtime"
)

// ask executes a program of root's with nothing of this process's environment.
func ask(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := runtime.Execute(ctx, runtime.DelegateEnv, nil, program, args...)
	return string(out), err
}

var versionPattern = regexp.MustCompile(`\bv?([0-9]+\.[0-9]+(?:\.[0-9]+)?[^\s,]*)`)

// versionOf is the version in what a program says of itself; empty if none is.
func versionOf(said string) string {
	if m := versionPattern.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return ""
}

// before reports whether a version is older than one of three numbers. What
// follows the numbers does not count, but that a candidate is older than what it
// became: 1.4.0-rc.2 is before 1.4.0.
func before(version string, than ...int) bool {
	numbers, rest, _ := strings.Cut(version, "-")
	numbers, _, _ = strings.Cut(numbers, "+")
	numbers, _, _ = strings.Cut(numbers, "~")
	parts := strings.Split(numbers, ".")
	for i, want := range than {
		have := 0
		if i < len(parts) {
			have = number(parts[i])
		}
		if have != want {
			return have < want
		}
	}
	return strings.HasPrefix(rest, "rc") || strings.HasPrefix(rest, "beta")
}
