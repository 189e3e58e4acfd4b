package isolator

import (
	"encoding/json"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Request is everything that a Create brings.
type Request struct {
	Spec       *specs.Spec `json:"spec"`
	Rootfs     []Mount     `json:"rootfs,omitempty"` // what the snapshotter hands over
	Options    Options     `json:"options"`
	Stdio      Stdio       `json:"stdio"`
	Checkpoint Checkpoint  `json:"checkpoint"`
}

// Mount is a mount of the root filesystem (containerd.types.Mount).
type Mount struct {
	Type    string   `json:"type,omitempty"`
	Source  string   `json:"source,omitempty"`
	Target  string   `json:"target,omitempty"`
	Options []string `json:"options,omitempty"`
}

// Options are the delegate's options (containerd.runc.v1.Options).
type Options struct {
	BinaryName     string `json:"binaryName,omitempty"`
	Root           string `json:"root,omitempty"`
	SystemdCgroup  bool   `json:"systemdCgroup,omitempty"`
	NoPivotRoot    bool   `json:"noPivotRoot,omitempty"`
	NoNewKeyring   bool   `json:"noNewKeyring,omitempty"`
	ShimCgroup     string `json:"shimCgroup,omitempty"`
	IoUID          uint32 `json:"ioUid,omitempty"`
	IoGID          uint32 `json:"ioGid,omitempty"`
	CriuImagePath  string `json:"criuImagePath,omitempty"`
	CriuWorkPath   string `json:"criuWorkPath,omitempty"`
	TaskAPIAddress string `json:"taskApiAddress,omitempty"`
	TaskAPIVersion uint32 `json:"taskApiVersion,omitempty"`
}

// Stdio are the streams of a process, each empty, a path of a fifo or a URI.
type Stdio struct {
	Stdin    string `json:"stdin,omitempty"`
	Stdout   string `json:"stdout,omitempty"`
	Stderr   string `json:"stderr,omitempty"`
	Terminal bool   `json:"terminal,omitempty"`
}

// Checkpoint asks for a restore instead of a start.
type Checkpoint struct {
	Image  string `json:"image,omitempty"`
	Parent string `json:"parent,omitempty"`
}

// Clone returns a deep copy.
func (r *Request) Clone() *Request {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // a Request came from JSON; it goes back to it
	}
	c := new(Request)
	if err := json.Unmarshal(data, c); err != nil {
		panic(err)
	}
	return c
}

// Draft returns a copy for isolators to work on. It shares the seccomp profile,
// which is two thirds of an engine's spec: an isolator replaces it, and never
// changes it.
func (r *Request) Draft() *Request {
	if r.Spec == nil || r.Spec.Linux == nil || r.Spec.Linux.Seccomp == nil {
		return r.Clone()
	}
	slim, spec, linux := *r, *r.Spec, *r.Spec.Linux
	linux.Seccomp, spec.Linux, slim.Spec = nil, &linux, &spec
	d := slim.Clone()
	d.linux().Seccomp = r.Spec.Linux.Seccomp
	return d
}

// linux returns the request's Linux section, made if there is none.
func (r *Request) linux() *specs.Linux {
	if r.Spec.Linux == nil {
		r.Spec.Linux = new(specs.Linux)
	}
	return r.Spec.Linux
}

// resources returns the request's resources, made if there are none.
func (r *Request) resources() *specs.LinuxResources {
	l := r.linux()
	if l.Resources == nil {
		l.Resources = new(specs.LinuxResources)
	}
	return l.Resources
}
