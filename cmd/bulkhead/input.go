package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bulkhead-dev/bulkhead/tenant/compile"
)

// files adds the flag -f, which may come more than once; further paths may
// stand behind it.
func files(cmd *cobra.Command) *[]string {
	return cmd.Flags().StringArrayP("filename", "f", nil, "file, folder (its .yaml, .yml and .json files) or - for standard input")
}

// readAll reads the objects of files, folders and standard input. The error
// has the mistakes of all of them.
func readAll(cmd *cobra.Command, paths []string) ([]*compile.Object, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("no file named; want: %s", cmd.UseLine())
	}
	var objects []*compile.Object
	var mistakes compile.Errors
	for _, path := range paths {
		names, err := expand(path)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, shown, err := read(cmd, name)
			if err != nil {
				return nil, err
			}
			found, err := compile.Read(shown, data)
			var wrong compile.Errors
			if err != nil && !errors.As(err, &wrong) {
				return nil, err
			}
			objects, mistakes = append(objects, found...), append(mistakes, wrong...)
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("no object in %v; want a Tenant or a NodePolicy", paths)
	}
	return objects, nil
}

// expand returns the files of a folder in the order of their names, every
// other path as it is.
func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) && !e.IsDir() {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if names == nil {
		return nil, fmt.Errorf("no .yaml, .yml or .json file in %s", path)
	}
	return names, nil
}

func read(cmd *cobra.Command, name string) (data []byte, shown string, err error) {
	if name == "-" {
		data, err = io.ReadAll(cmd.InOrStdin())
		return data, "stdin", err
	}
	data, err = os.ReadFile(name)
	return data, name, err
}
