// Package record keeps what must be remembered of running containers, one file
// each, and writes the audit log. A record is made before a container's first
// effect on the host and removed after its last, so the records of a tenant
// say whether anything of it may still be there.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Record is what is remembered of one container.
type Record struct {
	Scope   string    `json:"scope"` // "containerd:<namespace>" or "oci:<state folder>"
	ID      string    `json:"id"`
	Bundle  string    `json:"bundle"`
	Created time.Time `json:"created"`
	Exempt  bool      `json:"exempt,omitempty"`
	Tenant  string    `json:"tenant,omitempty"`
	// Ancestors are the tenant's at Create, the outermost first.
	Ancestors []string `json:"ancestors,omitempty"`
	Pinned    string   `json:"pinned,omitempty"` // tenant that the runtime handler names
	Enforced  bool     `json:"enforced"`         // false: Audit or exempt, runs as the engine asked
	// Glass: not enforced because the tenant's glass was broken at Create.
	Glass   bool   `json:"glass,omitempty"`
	Version string `json:"version,omitempty"` // policy version at Create
	Engine  string `json:"engine,omitempty"`  // isolator.Engine
	Sandbox string `json:"sandbox,omitempty"`
	Pod     string `json:"pod,omitempty"` // "<namespace>/<name>", of a CRI container
	// IsSandbox: the container is a pod's sandbox itself.
	IsSandbox bool   `json:"isSandbox,omitempty"`
	Cgroup    string `json:"cgroup,omitempty"` // linux.cgroupsPath as accepted
	// TenantCgroup is set when the container is below its tenant's own cgroup,
	// and is released with the tenant's last such record.
	TenantCgroup string `json:"tenantCgroup,omitempty"`
	// TenantNetwork: its network namespace is the one that Bulkhead made for the
	// tenant, and that goes with the tenant's last such record.
	TenantNetwork bool `json:"tenantNetwork,omitempty"`
	// JoinsNetwork: its network namespace was there before it, and others may be in
	// it.
	JoinsNetwork bool                  `json:"joinsNetwork,omitempty"`
	Delegate     string                `json:"delegate,omitempty"`  // absolute path
	StateRoot    string                `json:"stateRoot,omitempty"` // its --root
	Systemd      bool                  `json:"systemd,omitempty"`
	Process      *specs.Process        `json:"process,omitempty"`   // as accepted, without args and env
	Asked        *specs.LinuxResources `json:"asked,omitempty"`     // as the engine asked, with every later update
	Resources    *specs.LinuxResources `json:"resources,omitempty"` // as accepted
	Pid          int                   `json:"pid,omitempty"`       // init's, on the host
	StartTime    uint64                `json:"startTime,omitempty"` // init's, in clock ticks since boot: a pid alone is reused
	Namespaces   []Namespace           `json:"namespaces,omitempty"`
	// Network is what stands around the container's network namespace, if it is its
	// own and not that of one whose namespace it joined.
	Network *Network `json:"network,omitempty"`
	// UIDMappings and GIDMappings are those of the container's own user namespace.
	UIDMappings []specs.LinuxIDMapping `json:"uidMappings,omitempty"`
	GIDMappings []specs.LinuxIDMapping `json:"gidMappings,omitempty"`
}

// Belongs reports whether the container is a tenant's, or of one below it.
func (r *Record) Belongs(name string) bool {
	return !r.Exempt && (r.Tenant == name || slices.Contains(r.Ancestors, name))
}

// Committed reports whether the container may be using what it was given: it
// lives, or its delegate is still making it.
func (r *Record) Committed() bool { return r.Pid == 0 || r.Alive() }

// Namespace identifies a namespace while a process lives in it: inode numbers
// are reused at once.
type Namespace struct {
	Type   specs.LinuxNamespaceType `json:"type"`
	Device uint64                   `json:"device"`
	Inode  uint64                   `json:"inode"`
}

// ErrExists says that a living container has this id.
var ErrExists = errors.New("a container with this id exists")

// Scope names the realm of ids of an engine that speaks to a shim.
func Scope(containerdNamespace string) string { return "containerd:" + containerdNamespace }

// CommandScope names that of the engines which run an OCI runtime's command line
// with one state folder.
func CommandScope(name string) string { return "oci:" + name }

// Create writes a new record. Its error is ErrExists when there is one already.
func Create(root tenant.Root, r *Record) error {
	path, err := file(root, r.Scope, r.ID)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("record container: %w", err)
	}
	tmp, err := temporary(path, r)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	// First, so that no container is there without: what leads nowhere is not
	// counted, and what is not there would be missed.
	if err := index(root, r, path); err != nil {
		return err
	}
	// A link, unlike a rename, fails when the record exists, and shows the
	// whole record or none.
	if err := os.Link(tmp, path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, r.ID)
	} else if err != nil {
		return fmt.Errorf("record container: %w", err)
	}
	return nil
}

// Save replaces a record. Its error is fs.ErrNotExist when the record was
// removed meanwhile: a container that is gone does not come back.
//
// Preconditions: the tenant's lock is held, as it is for removing.
func Save(root tenant.Root, r *Record) error {
	path, err := file(root, r.Scope, r.ID)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err != nil {
		return fmt.Errorf("record container: %w", err)
	}
	tmp, err := temporary(path, r)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("record container: %w", err)
	}
	return nil
}

// Load returns a record; the error is fs.ErrNotExist when there is none.
func Load(root tenant.Root, scope, id string) (*Record, error) {
	path, err := file(root, scope, id)
	if err != nil {
		return nil, err
	}
	return read(path)
}

// Remove removes a record; none is success.
func Remove(root tenant.Root, scope, id string) error {
	path, err := file(root, scope, id)
	if err != nil {
		return err
	}
	r, unread := read(path)
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && unread == nil {
		unindex(root, r)
	}
	return err
}

// List returns the records of all containers of this installation. One that
// cannot be read is left out: it must not stop the containers of others.
func List(root tenant.Root) ([]*Record, error) {
	scopes, err := os.ReadDir(root.Containers())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []*Record
	for _, scope := range scopes {
		dir := filepath.Join(root.Containers(), scope.Name())
		files, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, f := range files {
			if filepath.Ext(f.Name()) != ".json" {
				continue
			}
			if r, err := read(filepath.Join(dir, f.Name())); err == nil {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

func read(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Record)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read record %s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func file(root tenant.Root, scope, id string) (string, error) {
	for _, s := range []string{scope, id} {
		if s == "" || s[0] == '.' || strings.ContainsAny(s, "/\x00") {
			return "", fmt.Errorf("container id %q is not a name", s)
		}
	}
	return filepath.Join(root.Containers(), scope, id+".json"), nil
}

// temporary writes a record beside its place and returns the file's name.
func temporary(path string, r *Record) (string, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("record container: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return "", fmt.Errorf("record container: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("record container: %w", err)
	}
	return f.Name(), nil
}
