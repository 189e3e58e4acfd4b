package integration

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// tree describes every path below folders that are there: mode, owner, time and
// a sum of the content.
func tree(t *testing.T, roots ...string) string {
	t.Helper()
	var b strings.Builder
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if path == root && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			st := info.Sys().(*syscall.Stat_t)
			fmt.Fprintf(&b, "%s %v %d:%d", path, info.Mode(), st.Uid, st.Gid)
			switch {
			case info.Mode()&os.ModeSymlink != 0:
				target, _ := os.Readlink(path)
				b.WriteString(" -> " + target)
			case info.Mode().IsRegular():
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				fmt.Fprintf(&b, " %v %x", info.ModTime(), sha256.Sum256(data))
			}
			b.WriteByte('\n')
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Install, a tenant's containers, uninstall: on a node whose containerd does
// not have the shim before.
func TestInstallIntoContainerd(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		bin := s.node.Dir() + "/bin"
		s.must(os.Remove(bin + "/containerd-shim-bulkhead-v2"))
		s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 64Mi}"}})
		before := tree(t, bin, s.node.Dir()+"/config.toml")
		if res, err := s.node.CtrRun(s.ctx, s.node.Namespace("acme"), node.Bulkhead, nil, "true"); err == nil && res.Code == 0 {
			s.Fatal("containerd has the shim before it is installed")
		}

		install := []string{"install", "containerd", "--containerd", s.node.Engine.Containerd, "--config", s.node.Dir() + "/config.toml", "--to", bin, "--path", bin}
		if out := s.bulkhead(append(install, "--dry-run")...); !strings.Contains(out, "copy ") {
			s.Errorf("the dry run shows\n%s, want what would be copied", out)
		}
		if got := tree(t, bin, s.node.Dir()+"/config.toml"); got != before {
			s.Error("the dry run changed something")
		}
		s.bulkhead(install...)
		if out := s.bulkhead(install...); !strings.HasPrefix(out, "nothing to do") {
			s.Errorf("the second run says %q, want nothing to do", out)
		}
		res, err := s.node.CtrRun(s.ctx, s.node.Namespace("acme"), node.Bulkhead, nil, "true")
		s.must(err)
		s.must(res.Failed())
		res, err = s.node.CtrRun(s.ctx, s.node.Namespace("acme"), node.Bulkhead, []string{"--privileged"}, "true")
		s.must(err)
		if res.Code == 0 || !strings.Contains(res.Stderr, "refused by ") {
			s.Errorf("a privileged container ends with %d: %s, want a refusal", res.Code, res.Stderr)
		}

		c := s.start(s.sleeper("acme"))
		if res, err := s.node.Bulkhead(s.ctx, "uninstall", "containerd"); err != nil || res.Code == 0 || !strings.Contains(res.Stderr, c.ID) {
			s.Errorf("uninstall says %q (%v) while a container runs, want its name", res.Stderr, err)
		}
		c.delete()
		s.bulkhead("uninstall", "containerd")
		if got := tree(t, bin, s.node.Dir()+"/config.toml"); got != before {
			s.Error("uninstall left something changed")
		}
	})
}

// Under the stock shim's name Bulkhead's is no way around: for whoever names the
// stock runtime too.
func TestInstallTakesOverFromContainerd(t *testing.T) {
	onOwnNode(t, func(s *stage) {
		s.apply(node.Policy{Tenants: map[string]string{"acme": "limits: {memory: 64Mi}"}})
		privileged := func() node.Result {
			res, err := s.node.CtrRun(s.ctx, s.node.Namespace("acme"), node.Stock, []string{"--privileged"}, "true")
			s.must(err)
			return res
		}
		s.must(privileged().Failed())
		before := tree(t, s.node.Dir()+"/bin", s.node.Dir()+"/usr")
		out := s.bulkhead("install", "containerd", "--takeover", "--containerd", s.node.Engine.Containerd, "--to", s.node.Ahead(), "--path", s.node.Path())
		if !strings.Contains(out, "done; it holds after: systemctl restart containerd") {
			s.Errorf("install says\n%s\nwant what to restart", out)
		}
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		if res := privileged(); res.Code == 0 || !strings.Contains(res.Stderr, "refused by ") {
			s.Errorf("a privileged container of the stock runtime ends with %d: %s, want a refusal", res.Code, res.Stderr)
		}
		s.bulkhead("uninstall", "containerd")
		if got := tree(t, s.node.Dir()+"/bin", s.node.Dir()+"/usr"); got != before {
			s.Errorf("after uninstall\n%s\nwant\n%s", got, before)
		}
		s.must(s.node.Kill())
		s.must(s.node.Restart(s.ctx))
		s.must(privileged().Failed())
	})
}

// configurations are containerd's, as they are found on nodes.
var configurations = []struct{ name, text string }{
	{"none", ""},
	{"2", "# a comment\nversion = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  max_container_log_line_size = 8192\n"},
	{"2 with runtimes", "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  default_runtime_name = \"crun\"\n" +
		"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun]\n  runtime_type = \"io.containerd.runc.v2\"\n" +
		"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun.options]\n  SystemdCgroup = true\n"},
	{"3", "version = 3\n[plugins.'io.containerd.cri.v1.images']\n  snapshotter = 'native'\n"},
	{"3 with imports", "version = 3\nimports = ['conf.d/*.toml']\n"},
	{"4", "version = 4\nimports = ['conf.d/*.toml']\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n  default_runtime_name = 'runc'\n"},
}

// The handler for Kubernetes: containerd itself says what it reads.
func TestInstallHandlerForKubernetes(t *testing.T) {
	for _, n := range nodes {
		for _, c := range configurations {
			modern := strings.HasPrefix(c.name, "3") || strings.HasPrefix(c.name, "4")
			if modern && !n.Engine.Modern() {
				continue // containerd 1 reads version 2 only
			}
			t.Run(n.Engine.Name+"/"+c.name, func(t *testing.T) {
				s := newStage(t, n)
				s.installHandler(c.text, n.Engine)
			})
		}
	}
}

func (s *stage) installHandler(text string, e node.Engine) {
	dir := s.TempDir()
	etc, config := dir+"/etc", dir+"/etc/config.toml"
	s.must(os.Mkdir(etc, 0o755))
	s.must(os.Mkdir(dir+"/root", 0o755))
	if text != "" {
		s.must(os.WriteFile(config, []byte(text), 0o640))
	}
	run := s.operator(dir + "/root")
	before := tree(s.T, dir)
	install := []string{"install", "containerd", "--cri", "--default", "--containerd", e.Containerd, "--config", config, "--to", dir + "/bin", "--path", dir + "/bin", "--running", dir + "/none"}
	out, err := run(install...)
	if err != nil || !strings.Contains(out, "systemctl restart containerd") || !strings.Contains(out, "+++ "+etc) {
		s.Fatalf("install: %v, printed\n%s", err, out)
	}
	if out, err := run(install...); err != nil || !strings.HasPrefix(out, "nothing to do") {
		s.Errorf("the second run: %v, says %q, want nothing to do", err, out)
	}
	dump, err := exec.CommandContext(s.ctx, e.Containerd, "--config", config, "config", "dump").Output()
	s.must(err)
	for _, want := range []string{"default_runtime_name = .bulkhead.", "runtimes.bulkhead]", "runtimes." + "(runc|crun)]"} {
		if !regexp.MustCompile(want).Match(dump) {
			s.Errorf("containerd does not read %s", want)
		}
	}
	if !regexp.MustCompile(`(?s)runtimes.bulkhead\].*?runtime_type = .io.containerd.bulkhead.v2.`).Match(dump) {
		s.Errorf("the handler's type is not Bulkhead's; containerd reads\n%s", dump)
	}
	if out, err := run("uninstall", "containerd"); err != nil {
		s.Errorf("uninstall: %v: %s", err, out)
	}
	if got := tree(s.T, dir); got != before {
		s.Errorf("after uninstall\n%s\nwant\n%s", got, before)
	}
}

// operator is the CLI with an installation of its own.
func (s *stage) operator(root string) func(args ...string) (string, error) {
	return func(args ...string) (string, error) {
		cmd := exec.CommandContext(s.ctx, filepath.Join(filepath.Dir(s.node.Shim()), "bulkhead"), args...)
		cmd.Env = []string{"BULKHEAD_ROOT=" + root, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

// containerd 2.4.2 heeds this snapshotter of version 2 only where runtimes are
// named beside it: adding one changes which it is.
const fragile = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  snapshotter = \"native\"\n"

func TestInstallIsUndoneWhereContainerdReadsMoreThanTheHandler(t *testing.T) {
	for _, n := range nodes {
		if !n.Engine.Modern() {
			continue
		}
		s := newStage(t, n)
		dir := t.TempDir()
		s.must(os.Mkdir(dir+"/root", 0o755))
		s.must(os.WriteFile(dir+"/config.toml", []byte(fragile), 0o644))
		before := tree(t, dir)
		out, err := s.operator(dir+"/root")("install", "containerd", "--cri", "--containerd", n.Engine.Containerd, "--config", dir+"/config.toml", "--to", dir+"/bin", "--path", dir+"/bin")
		if err == nil || !strings.Contains(out, "everything was put back") || !strings.Contains(out, "+snapshotter = 'native'") {
			t.Errorf("install: %v, printed\n%s\nwant it to say what else would change", err, out)
		}
		if got := tree(t, dir); got != before {
			t.Errorf("after the refusal\n%s\nwant\n%s", got, before)
		}
	}
}
