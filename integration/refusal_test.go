package integration

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/pkg/oci"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// A refusal is a request that no tenant of level baseline may make.
type refusal struct {
	name   string
	run    node.Run
	want   string // of the sentence
	effect string // a file that appears when the request is obeyed; empty: the start itself is the effect
}

// refusals are made anew for each use: their files must not exist before.
func (s *stage) refusals(tenant string) []refusal {
	s.Helper()
	dir := s.TempDir()
	marker := func(name string) string { return filepath.Join(dir, name) }
	with := func(opts ...oci.SpecOpts) node.Run {
		r := s.sleeper(tenant)
		r.Spec = opts
		return r
	}
	option := func(o *options.Options) node.Run {
		r := s.sleeper(tenant)
		r.Options = o
		return r
	}
	logging := func(uri string) node.Run {
		r := s.sleeper(tenant)
		var err error
		r.LogURI, err = url.Parse(uri)
		s.must(err)
		return r
	}
	hooked := func(path string) oci.SpecOpts {
		return edit(func(spec *specs.Spec) {
			spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: path}}}
		})
	}
	const hostNetwork = "refused by namespaces: linux.namespaces[network] is the host's, want an own one; allow with security.exceptions.hostNamespaces: [Network]"
	return []refusal{
		{"the host's network", with(oci.WithHostNamespace(specs.NetworkNamespace)), hostNetwork, ""},
		{"the host's network by its path", with(joined(specs.NetworkNamespace, os.Getpid())), hostNetwork, ""},
		{"the host's processes", with(oci.WithHostNamespace(specs.PIDNamespace)), "linux.namespaces[pid] is the host's", ""},
		{"the host's IPC", with(oci.WithHostNamespace(specs.IPCNamespace)), "linux.namespaces[ipc] is the host's", ""},
		{"every capability", with(oci.WithAllCurrentCapabilities), "refused by capabilities: process.capabilities is all that the node has", ""},
		{"a hook", with(hooked(s.script(dir, "hook", marker("hooked")))), "refused by ocihooks: hooks.createRuntime[0] is set", marker("hooked")},
		{"a root of another place", s.rooted(with(), dir), "refused by rootfs: root.path is ", ""},
		{"properties of a systemd unit", with(annotated("org.systemd.property.SuccessAction", "'none'")), `refused by annotations: annotations["org.systemd.property.SuccessAction"] is set`, ""},
		{"a program for its output", logging("binary://" + s.script(dir, "logger", marker("logged"), "exec 5>&-")), "refused by stdio: stdio.stdout is ", marker("logged")},
		{"a file for its output", logging("file://" + marker("written")), "allow with NodePolicy.stdio.logFolders", marker("written")},
		{"another delegate", option(&options.Options{BinaryName: s.script(dir, "delegate", marker("delegated"), "exec "+s.node.Engine.Runc+` "$@"`)}), "refused by options: options.binaryName is ", marker("delegated")},
		{"another state folder", option(&options.Options{Root: marker("state")}), "refused by options: options.root is ", marker("state")},
		{"no pivot_root", option(&options.Options{NoPivotRoot: true}), "refused by options: options.noPivotRoot is true, want false; nothing allows this", ""},
		{"its caller's keys", option(&options.Options{NoNewKeyring: true}), "options.noNewKeyring is true", ""},
	}
}

func TestRefusedContainerLeavesNoTrace(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		for _, r := range append(s.refusals("acme"), s.intrusions("acme")...) {
			s.step(r.name, func(s *stage) {
				c, err := s.node.Run(s.ctx, r.run)
				if err == nil {
					s.keep(c)
				}
				expectRefusal(s, err, r.want)
				if r.effect != "" && exists(r.effect) {
					s.Errorf("it was refused, and yet %s exists", r.effect)
				}
				s.clean()
			})
		}
	})
}

// What is refused would have worked.
func TestStockShimObeysWhatBulkheadRefuses(t *testing.T) {
	onEachEngine(t, acme, func(s *stage) {
		for _, r := range s.refusals("acme") {
			s.step(r.name, func(s *stage) {
				s.start(stock(r.run))
				if r.effect != "" {
					s.must(node.Await(s.ctx, func() bool { return exists(r.effect) }))
				}
			})
		}
	})
}

// expectRefusal expects an error that holds this sentence.
func expectRefusal(s *stage, err error, sentence string) {
	s.Helper()
	switch {
	case err == nil:
		s.Errorf("nothing was refused, want: %s", sentence)
	case !strings.Contains(err.Error(), sentence):
		s.Errorf("the error is\n  %v, want\n  %s", err, sentence)
	}
}

// step is a part of a test with a name of its own.
func (s *stage) step(name string, do func(*stage)) {
	s.Helper()
	s.Run(name, func(t *testing.T) { do(newStage(t, s.node)) })
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// script writes a program that makes a file and then runs lines of shell.
func (s *stage) script(dir, name, marker string, lines ...string) string {
	s.Helper()
	path := filepath.Join(dir, name)
	text := fmt.Sprintf("#!/bin/sh\n: >%s\n%s\n", marker, strings.Join(lines, "\n"))
	s.must(os.WriteFile(path, []byte(text), 0o700))
	return path
}

// rooted has the container's root outside its bundle.
func (s *stage) rooted(r node.Run, dir string) node.Run {
	s.Helper()
	root := filepath.Join(dir, "root")
	s.must(os.MkdirAll(root+"/bin", 0o755))
	busybox, err := os.ReadFile(s.node.Engine.Busybox())
	s.must(err)
	s.must(os.WriteFile(root+"/bin/busybox", busybox, 0o755))
	r.Args = []string{"busybox", "sleep", "600"}
	r.Spec = append(r.Spec, edit(func(spec *specs.Spec) { spec.Root.Path = root }))
	return r
}
