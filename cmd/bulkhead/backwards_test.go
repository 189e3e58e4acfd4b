package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLogIsReadFromItsEnd(t *testing.T) {
	long := strings.Repeat("x", 200<<10) // longer than a block
	var many []string
	for i := range 20000 {
		many = append(many, fmt.Sprint("line ", i))
	}
	for name, lines := range map[string][]string{
		"none": nil,
		"one":  {"a"},
		"long": {"a", long, "b"},
		"many": many,
	} {
		for _, end := range []string{"", "\n"} {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+end), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			err = backwards(f, func(line []byte) bool {
				got = append(got, string(line))
				return true
			})
			f.Close()
			slices.Reverse(got)
			if err != nil || !slices.Equal(got, lines) {
				t.Errorf("%s ending in %q: %d lines (%v), want %d", name, end, len(got), err, len(lines))
			}
		}
	}
}

func TestLogIsReadNoFurtherThanNeeded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("a\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	err = backwards(f, func(line []byte) bool {
		got = append(got, string(line))
		return string(line) != "b"
	})
	if err != nil || !slices.Equal(got, []string{"c", "b"}) {
		t.Errorf("read %q (%v)", got, err)
	}
}
