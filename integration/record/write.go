package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// kept is where recordings are kept. A seccomp profile, two thirds of a spec, is
// kept once.
const kept = "spec/testdata/real"

// write replaces what was kept of the engine.
func (r *recorder) write() error {
	dir := filepath.Join(kept, r.engine)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755), os.MkdirAll(filepath.Join(kept, "seccomp"), 0o755)); err != nil {
		return err
	}
	for _, rec := range r.recorded {
		if err := rec.write(filepath.Join(dir, rec.name+".json")); err != nil {
			return fmt.Errorf("%s: %w", rec.name, err)
		}
	}
	fmt.Printf("%s: recorded %d requests\n", r.engine, len(r.recorded))
	return nil
}

func (rec *recording) write(file string) error {
	if _, err := os.Stat(file); err == nil {
		return errors.New("recorded twice")
	}
	if l := rec.Request.Spec.Linux; l != nil && l.Seccomp != nil {
		name, err := keepProfile(l.Seccomp)
		if err != nil {
			return err
		}
		rec.Seccomp, l.Seccomp = name, nil
	}
	data, err := json.Marshal(rec.facts)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &rec.Facts); err != nil {
		return err
	}
	delete(rec.Facts, "node")
	if rec.facts.TenantCgroup != "" {
		delete(rec.Facts, "tenantCgroup")
	}
	if data, err = json.Marshal(rec); err != nil {
		return err
	}
	return os.WriteFile(file, lines(data), 0o644)
}

// keepProfile writes a profile to a file that is named by its content.
func keepProfile(p *specs.LinuxSeccomp) (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:6]) + ".json"
	return name, os.WriteFile(filepath.Join(kept, "seccomp", name), lines(data), 0o644)
}

// dropProfiles removes profiles that no recording has any more.
func dropProfiles() error {
	profiles, err := filepath.Glob(filepath.Join(kept, "seccomp", "*.json"))
	if err != nil {
		return err
	}
	recordings, err := filepath.Glob(filepath.Join(kept, "*", "*.json"))
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, file := range recordings {
		var rec struct{ Seccomp string }
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !slices.Contains(profiles, file) && json.Unmarshal(data, &rec) == nil {
			used[rec.Seccomp] = true
		}
	}
	var errs []error
	for _, file := range profiles {
		if !used[filepath.Base(file)] {
			errs = append(errs, os.Remove(file))
		}
	}
	return errors.Join(errs...)
}

// mostDepth is how deep a recording is broken into lines: a mount is one.
const mostDepth = 4

// lines breaks JSON into lines that a diff can show, without the weight of one
// for each value.
func lines(data []byte) []byte {
	var b bytes.Buffer
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\':
			b.WriteByte(c)
			i++
			c = data[i]
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		b.WriteByte(c)
		if !quoted && c == ',' && depth <= mostDepth {
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}
