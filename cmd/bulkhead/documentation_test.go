package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// TestSamplesInTheDocumentationApply compiles every YAML sample of the README
// and of docs/, so that a reader can copy it.
func TestSamplesInTheDocumentationApply(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range fenced(text, "yaml") {
			samples++
			objects, err := compile.Read(page, sample)
			if err == nil {
				_, err = compile.Compile(objects)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", page, err, sample)
			}
		}
	}
	if samples == 0 {
		t.Error("found no sample")
	}
}

// fenced returns the code blocks of a language.
func fenced(markdown []byte, language string) (blocks [][]byte) {
	for i, part := range bytes.Split(markdown, []byte("```")) {
		code, ok := strings.CutPrefix(string(part), language+"\n")
		if i%2 == 1 && ok {
			blocks = append(blocks, []byte(code))
		}
	}
	return blocks
}
