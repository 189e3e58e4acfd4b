package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Format is the store's format that this package reads. A format never
// changes; a new one is written beside it.
const Format = "v1"

// Kind is a kind of selector; its value is the folder's name in the store.
type Kind string

const (
	KubernetesNamespace Kind = "kubernetes-namespace"
	ContainerdNamespace Kind = "containerd-namespace"
)

// ErrNoPolicy says that nothing was applied on this node yet.
var ErrNoPolicy = errors.New("no policy on this node; apply one with: bulkhead apply -f FILE")

// Store is one version of the node's policy. All reads of one Store see the
// same version, whatever is applied meanwhile.
type Store struct {
	Version string // sha256 of the version's content
	dir     string
}

// Open returns the version in force. Its error is ErrNoPolicy when there is none.
func Open(root Root) (*Store, error) {
	link := filepath.Join(root.Policy(), Format, "current")
	target, err := os.Readlink(link)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoPolicy
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return OpenVersion(root, filepath.Base(target))
}

// OpenVersion returns a version by its name, as a container's record holds it.
func OpenVersion(root Root, version string) (*Store, error) {
	if !plainName(version) {
		return nil, fmt.Errorf("policy version %q is not a name", version)
	}
	dir := filepath.Join(root.Policy(), Format, "versions", version)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return &Store{Version: version, dir: dir}, nil
}

// Dir is the folder of this version.
func (s *Store) Dir() string { return s.dir }

// Node returns the node's own policy.
func (s *Store) Node() (*Node, error) {
	n := new(Node)
	if err := readStrict(filepath.Join(s.dir, "node.json"), n); err != nil {
		return nil, err
	}
	return n, nil
}

// Tenant returns a tenant by name; the error is fs.ErrNotExist when there is none.
func (s *Store) Tenant(name string) (*Policy, error) {
	if !plainName(name) {
		return nil, fmt.Errorf("tenant %q: %w", name, fs.ErrNotExist)
	}
	return s.policy(filepath.Join("tenants", name+".json"))
}

// Names are all tenants of this version, sorted.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "tenants"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names, nil
}

// Select returns the tenant that selects the namespace, nil when none does.
// An exact selector beats a prefix, a longer prefix a shorter one. The cost is
// bounded by the length of the name, not by the number of tenants.
func (s *Store) Select(kind Kind, namespace string) (*Policy, error) {
	if !plainName(namespace) {
		return nil, nil
	}
	p, err := s.policy(filepath.Join("by", string(kind), namespace))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	prefixes := filepath.Join("by", string(kind)+"-prefix")
	if _, err := os.Lstat(filepath.Join(s.dir, prefixes)); err != nil {
		return nil, nil
	}
	for n := len(namespace); n > 0; n-- {
		p, err := s.policy(filepath.Join(prefixes, namespace[:n]))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
	}
	return nil, nil
}

func (s *Store) policy(path string) (*Policy, error) {
	p := new(Policy)
	if err := readStrict(filepath.Join(s.dir, path), p); err != nil {
		return nil, err
	}
	return p, nil
}

// Exempt reports whether the node runs containers of this namespace as asked.
// Exemptions stand outside the versions, so that a broken policy cannot stop
// the node's own pods.
func Exempt(root Root, kind Kind, namespace string) bool {
	if !plainName(namespace) {
		return false
	}
	_, err := os.Lstat(filepath.Join(root.Policy(), "exempt", string(kind), namespace))
	return err == nil
}

// plainName accepts what can be one path component of the store and nothing
// that leads elsewhere.
func plainName(s string) bool {
	return s != "" && len(s) <= 253 && s[0] != '.' && !strings.ContainsAny(s, "/\x00")
}

func readStrict(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read policy: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read policy %s: %w", filepath.Base(path), err)
	}
	return nil
}
