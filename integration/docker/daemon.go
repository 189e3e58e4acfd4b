package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// Settings say how a daemon differs from one whose containers are all Bulkhead's.
type Settings struct {
	Tenant    string            // whose containerd namespace it has, the node's own of that name; empty: acme
	Namespace string            // containerd's, instead of the tenant's
	Stock     bool              // nothing of Bulkhead's is in its way
	Takeover  bool              // Bulkhead's shim stands under the stock one's name; always, where no shim can be named
	Remap     bool              // userns-remap
	Builder   bool              // BuildKit's runc is bulkhead-runc: Docker 20.10 takes the first of its PATH
	ExecRoot  string            // where it keeps what runs; empty: Docker's default
	Placed    bool              // it stands in /usr/local/bin: only from there may it have a hook in steps of builds
	Pinned    map[string]string // runtime entries that pin a tenant: name to tenant
}

// Daemon is a running dockerd and the node it is alone on.
type Daemon struct {
	Node      *node.Node
	Engine    Engine
	Settings  Settings
	Namespace string   // containerd's, as Docker uses it
	Env       []string // more of its environment, from its next start on

	cmd   *exec.Cmd
	ended chan struct{} // closed when it was waited for
}

// Start starts a node and a dockerd on it, with the image that containers are
// made of. Close ends both.
func Start(ctx context.Context, e Engine, s Settings) (*Daemon, error) {
	kind := node.Kind{World: true, Takeover: s.Takeover || !e.NamesShims && !s.Stock, Bare: s.Stock}
	n, err := node.StartKind(ctx, e.Containerd, kind)
	if err != nil {
		return nil, err
	}
	d := &Daemon{Node: n, Engine: e, Settings: s, Namespace: s.Namespace}
	if d.Namespace == "" {
		d.Namespace = n.Namespace(cmp.Or(s.Tenant, "acme"))
	}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, n.Remove())
	}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, n.Remove())
	}
	if err := d.load(ctx); err != nil {
		return nil, errors.Join(err, n.Remove())
	}
	return d, nil
}

func (d *Daemon) path(name string) string { return filepath.Join(d.Node.Dir(), name) }

func (d *Daemon) prepare() error {
	if d.Settings.Placed && d.Engine.NamesShims {
		if err := d.placeProgram("/usr/local/bin/dockerd"); err != nil {
			return err
		}
	}
	config, err := d.config()
	if err != nil {
		return err
	}
	handlers := d.Node.Root().Handlers()
	if err := os.MkdirAll(handlers, 0o755); err != nil {
		return err
	}
	for name, tenant := range d.Settings.Pinned {
		if err := os.WriteFile(filepath.Join(handlers, name+".toml"), fmt.Appendf(nil, "tenant = %q\n", tenant), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(os.WriteFile(d.path("daemon.json"), config, 0o600), d.writeDelegate(), d.linkBuilder())
}

// linkBuilder puts bulkhead-runc where a builder's daemon finds it as runc.
func (d *Daemon) linkBuilder() error {
	if !d.Settings.Builder {
		return nil
	}
	program := filepath.Join(filepath.Dir(d.Node.Shim()), "bulkhead-runc")
	return errors.Join(os.Mkdir(d.path("ahead"), 0o755), os.Symlink(program, d.path("ahead/runc")))
}

// Delegate is the program of the runtime entry "other": runc, which leaves a file
// when it makes a container.
func (d *Daemon) Delegate() (program, used string) {
	return d.path("delegate"), d.path("delegate.used")
}

func (d *Daemon) writeDelegate() error {
	program, used := d.Delegate()
	text := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in *' create '*) : >%s ;; esac\nexec %s \"$@\"\n", used, d.Engine.Containerd.Runc)
	return os.WriteFile(program, []byte(text), 0o755)
}

// placeProgram has dockerd under another name in its world.
func (d *Daemon) placeProgram(at string) error {
	out, err := d.Node.Enter("/bin/sh", "-c", `: >"$1" && mount --bind "$0" "$1"`, d.Engine.daemon, at).CombinedOutput()
	if err != nil {
		return fmt.Errorf("place dockerd at %s: %w: %s", at, err, out)
	}
	d.Engine.daemon = at
	return nil
}

// config is daemon.json. Containers that Bulkhead does not put elsewhere go to a
// cgroup that is known as the node's.
func (d *Daemon) config() ([]byte, error) {
	c := map[string]any{
		"live-restore":         true,
		"cgroup-parent":        "/" + d.Node.Namespace("docker"),
		"exec-opts":            []string{"native.cgroupdriver=cgroupfs"},
		"userland-proxy-path":  d.Engine.proxy,
		"containerd":           d.Node.Socket(),
		"containerd-namespace": d.Namespace,
	}
	if host.Systemd() && host.V2() { // what Docker takes for itself there
		c["cgroup-parent"], c["exec-opts"] = d.Node.Slice("docker"), []string{"native.cgroupdriver=systemd"}
	}
	if d.Settings.Remap {
		c["userns-remap"] = "default"
	}
	if d.Settings.ExecRoot != "" {
		c["exec-root"] = d.Settings.ExecRoot
	}
	program, _ := d.Delegate()
	runtimes := map[string]any{"other": map[string]any{"path": program}}
	c["runtimes"] = runtimes
	if d.Engine.NamesShims && !d.Settings.Stock {
		runtimes["bulkhead"] = map[string]any{"runtimeType": node.Bulkhead}
		for name := range d.Settings.Pinned {
			runtimes[name] = map[string]any{
				"runtimeType": node.Bulkhead,
				"options":     map[string]any{"ConfigPath": filepath.Join(d.Node.Root().Handlers(), name+".toml")},
			}
		}
		if !d.Settings.Takeover {
			c["default-runtime"] = "bulkhead"
		}
	}
	if !d.Engine.NamesShims {
		c["storage-driver"] = "overlay2"
	}
	return json.Marshal(c)
}

func (d *Daemon) start(ctx context.Context) error {
	log, err := os.OpenFile(d.path("dockerd.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := d.Node.Enter(d.Engine.daemon, "--config-file", d.path("daemon.json"), "-H", "unix://"+d.path("docker.sock"), "--pidfile", d.path("docker.pid"))
	if d.Settings.Builder {
		cmd.Env = append(cmd.Env, "PATH="+d.path("ahead")+":/usr/sbin:/usr/bin:/sbin:/bin") // the last one counts
	}
	cmd.Env = append(append(cmd.Env, "DOCKER_MIN_API_VERSION=1.41"), d.Env...) // for BuildKit's client
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the keeper ends it, not Ctrl-C
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	d.cmd, d.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait() // killed, as a rule
		close(ended)
	}(d.ended)
	return d.serves(ctx)
}

// serves waits until the daemon answers.
func (d *Daemon) serves(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, node.Patience(60*time.Second))
	defer cancel()
	var last error
	err := node.Await(ctx, func() bool {
		select {
		case <-d.ended:
			cancel()
		default:
		}
		res, err := d.Docker(ctx, "version", "--format", "{{.Server.Version}}")
		if err == nil {
			err = res.Failed()
		}
		last = err
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("dockerd does not serve: %w; its log ends:\n%s", last, d.LogTail(15))
	}
	return nil
}

// load gives the daemon the image.
func (d *Daemon) load(ctx context.Context) error {
	archive, err := d.Node.Archive()
	if err != nil {
		return err
	}
	res, err := d.Docker(ctx, "load", "-i", archive)
	if err == nil {
		err = res.Failed()
	}
	return err
}

// Docker runs the client.
func (d *Daemon) Docker(ctx context.Context, args ...string) (node.Result, error) {
	return node.Finish(ctx, d.Client(args...))
}

// Client is the client as a command, for what is attached or interrupted. It has
// no configuration of the machine's, and builds with the daemon's own builder.
func (d *Daemon) Client(args ...string) *exec.Cmd { return d.client(d.Engine.client, "0", args) }

// BuildKit is a client that builds by BuildKit, as a command: Docker 20.10's, in
// which it is, for every daemon.
func (d *Daemon) BuildKit(args ...string) (*exec.Cmd, error) {
	e, err := Debian()
	return d.client(e.client, "1", append([]string{"build", "--progress", "plain"}, args...)), err
}

func (d *Daemon) client(program, buildkit string, args []string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"DOCKER_HOST=unix://" + d.path("docker.sock"), "DOCKER_CONFIG=" + d.path("docker"), "DOCKER_BUILDKIT=" + buildkit, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	return cmd
}

// Kill kills the daemon, as a crash would. Its containers go on running.
func (d *Daemon) Kill() error {
	if err := d.cmd.Process.Kill(); err != nil {
		return err
	}
	<-d.ended
	return nil
}

// Restart starts the daemon again after Kill.
func (d *Daemon) Restart(ctx context.Context) error {
	if err := os.Remove(d.path("docker.pid")); err != nil {
		return err
	}
	return d.start(ctx)
}

// Close ends the daemon, and the node with all of it.
func (d *Daemon) Close() error {
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-d.ended:
	case <-time.After(node.Patience(15 * time.Second)):
		_ = d.cmd.Process.Kill()
		<-d.ended
	}
	return d.Node.Close()
}

// LogTail returns the last lines of the daemon's log.
func (d *Daemon) LogTail(lines int) string {
	data, err := os.ReadFile(d.path("dockerd.log"))
	if err != nil {
		return fmt.Sprint(err)
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
