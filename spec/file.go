package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

const (
	// ConfigFile is the spec in a bundle. Source: runtime-spec, bundle.md.
	ConfigFile = "config.json"
	// EngineFile keeps the engine's spec as it came, beside the rewritten one.
	EngineFile = "config.json.engine"
)

// Read returns the bytes of a bundle's config.json, if it costs no more to
// decode than an engine's may.
func Read(bundle string) ([]byte, error) {
	f, err := os.Open(filepath.Join(bundle, ConfigFile))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ConfigFile, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ConfigFile, err)
	}
	if err := bounded(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", ConfigFile, err)
	}
	return data, nil
}

// Parse reads a spec. A field that runtime-spec does not have is an error: what
// is not understood cannot be decided.
func Parse(data []byte) (*specs.Spec, error) {
	s := new(specs.Spec)
	if err := Decode(data, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", ConfigFile, err)
	}
	return s, nil
}

// Decode reads exactly one JSON value without unknown fields. One that would
// cost too much to read is an error before it is read, one that would cost too
// much to decide after.
func Decode(data []byte, v any) error {
	if err := bounded(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return shortened(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return lengths(v)
}

// Write replaces the spec of a bundle in one step, keeping the engine's own
// beside it. A crash leaves the old file or the new one, never a part.
func Write(bundle string, s *specs.Spec, engine []byte) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write %s: %w", ConfigFile, err)
	}
	if err := replace(filepath.Join(bundle, EngineFile), engine); err != nil {
		return err
	}
	return replace(filepath.Join(bundle, ConfigFile), data)
}

func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
