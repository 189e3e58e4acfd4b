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

// Clone returns a deep copy, but for the seccomp profile, which is two thirds of
// an engine's spec and is replaced, never changed.
func (r *Request) Clone() *Request {
	slim, profile := *r, (*specs.LinuxSeccomp)(nil)
	if r.Spec != nil && r.Spec.Linux != nil {
		spec, linux := *r.Spec, *r.Spec.Linux
		profile, linux.Seccomp = linux.Seccomp, nil
		spec.Linux = &linux
		slim.Spec = &spec
	}
	data, err := json.Marshal(&slim)
	if err != nil {
		panic(err) // a Request came from JSON; it goes back to it
	}
	c := new(Request)
	if err := json.Unmarshal(data, c); err != nil {
		panic(err)
	}
	if profile != nil {
		c.linux().Seccomp = profile
	}
	return c
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
