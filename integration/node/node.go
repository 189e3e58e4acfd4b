package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/containerd/containerd/v2/client"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Runtimes as a client of containerd names them.
const (
	Bulkhead = "io.containerd.bulkhead.v2"
	Stock    = "io.containerd.runc.v2"
)

// startTimeout bounds how long a containerd may take to answer.
const startTimeout = 30 * time.Second

// Node is one private containerd and one installation of Bulkhead.
type Node struct {
	Engine Engine
	Client *client.Client

	place  place
	kind   Kind
	world  *ownWorld // nil: the machine's
	repo   string
	keeper *keeper
	daemon *daemon
	serial atomic.Int64

	mu     sync.Mutex
	images map[string]client.Image // by namespace; guarded by mu
}

// daemon is a running containerd.
type daemon struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it was waited for
}

// A Kind says how a node differs from one that shares the machine's folders and
// where a client names Bulkhead.
type Kind struct {
	World    bool // mount and network namespaces of its own, for engines that insist on their folders
	Takeover bool // Bulkhead's shim stands under the stock one's name
	Bare     bool // nothing of Bulkhead's is where containerd finds it

	Around func(func() error) error // calls what starts processes of the node; nil: as it is
	CRI    func(*Node) string       // configuration of containerd's CRI plugin; nil: there is none

	// Policy is in force before containerd starts, and asks what runtimes can do;
	// nil: none is.
	Policy func(*Node) Policy

	// Programs is a folder with another build of Bulkhead's programs, until
	// Upgrade.
	Programs string
}

// starting is how a process of such a node starts.
func (k Kind) starting(cmd *exec.Cmd) func() error {
	if k.Around == nil {
		return cmd.Start
	}
	return func() error { return k.Around(cmd.Start) }
}

// Start starts a node. Close ends it.
func Start(ctx context.Context, e Engine) (*Node, error) { return StartKind(ctx, e, Kind{}) }

// StartKind starts a node of a kind.
func StartKind(ctx context.Context, e Engine, kind Kind) (*Node, error) {
	repo, err := Repository()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", Prefix)
	if err != nil {
		return nil, err
	}
	n := &Node{Engine: e, place: place(dir), kind: kind, repo: repo, images: map[string]client.Image{}}
	if n.keeper, err = startKeeper(n.place); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := n.prepare(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if kind.Policy != nil {
		if err := n.Apply(ctx, kind.Policy(n)); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	if err := n.startDaemon(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// prepare writes what containerd needs before it starts.
func (n *Node) prepare() error {
	for _, dir := range []string{"root", "bin", "fifo", "s"} {
		if err := os.Mkdir(n.place.path(dir), 0o711); err != nil {
			return err
		}
	}
	programs := map[string]string{
		"containerd-shim-bulkhead-v2": n.program("containerd-shim-bulkhead-v2"),
		"containerd-shim-runc-v2":     n.Engine.StockShim,
		"runc":                        n.Engine.Runc,
	}
	if n.kind.Bare {
		delete(programs, "containerd-shim-bulkhead-v2")
	}
	if n.kind.Takeover {
		programs["containerd-shim-runc-v2"] = n.Shim()
	}
	for name, target := range programs {
		if err := os.Symlink(target, n.place.path("bin/"+name)); err != nil {
			return err
		}
	}
	return os.WriteFile(n.place.path("config.toml"), []byte(n.config()), 0o600)
}

// program is one of Bulkhead's, as make built it or as the node's kind says.
func (n *Node) program(name string) string {
	if n.kind.Programs != "" && name != "probe" {
		return filepath.Join(n.kind.Programs, name)
	}
	return filepath.Join(n.repo, "bin", name)
}

// Upgrade puts make's build of Bulkhead in the place of another one. What runs
// goes on running.
func (n *Node) Upgrade() error {
	n.kind.Programs = ""
	link := n.place.path("bin/containerd-shim-bulkhead-v2")
	next := link + ".next"
	return errors.Join(os.Symlink(n.Shim(), next), os.Rename(next, link))
}

func (n *Node) startDaemon(ctx context.Context) error {
	log, err := os.OpenFile(n.LogFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := n.Enter(n.Engine.Containerd, "--config", n.place.path("config.toml"))
	cmd.Env = []string{n.place.variable(), "PATH=" + n.Path()}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the keeper ends it, not Ctrl-C
	if n.kind.World && n.world == nil {
		n.founding(cmd)
	}
	if err := n.kind.starting(cmd)(); err != nil {
		return fmt.Errorf("start containerd: %w", err)
	}
	n.daemon = &daemon{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // killed, as a rule
		close(n.daemon.ended)
	}()
	if err := n.connect(ctx); err != nil || !n.kind.World || n.world != nil {
		return err
	}
	n.world, err = openNamespaces(cmd.Process.Pid)
	return err
}

// connect waits until containerd serves.
func (n *Node) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Patience(startTimeout))
	defer cancel()
	go func() {
		select {
		case <-n.daemon.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	// gRPC waits a second after a dial that failed; the socket is there sooner.
	accepts := func() bool {
		c, err := net.Dial("unix", n.place.socket())
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	err := Await(ctx, accepts)
	if err == nil && n.Client == nil {
		n.Client, err = client.New(n.place.socket())
	} else if err == nil {
		err = n.Client.Reconnect()
	}
	if err != nil {
		return fmt.Errorf("connect to containerd: %w; its log ends:\n%s", err, n.LogTail(20))
	}
	if ok, err := n.Client.IsServing(ctx); !ok {
		return fmt.Errorf("containerd does not serve (%w); its log ends:\n%s", err, n.LogTail(20))
	}
	return nil
}

// Kill kills containerd, as a crash would. Its containers go on running.
func (n *Node) Kill() error {
	if err := n.daemon.cmd.Process.Kill(); err != nil {
		return err
	}
	<-n.daemon.ended
	return nil
}

// Restart starts containerd again after Kill.
func (n *Node) Restart(ctx context.Context) error { return n.startDaemon(ctx) }

// Close ends the node and takes all of it away. Its error says what containers
// had left on the machine by then, and what could not be removed.
func (n *Node) Close() error {
	var errs []error
	for _, t := range n.Traces() {
		errs = append(errs, errors.New("left on the machine: "+t))
	}
	return errors.Join(append(errs, n.Remove())...)
}

// Remove ends the node and takes all of it away, running containers included.
func (n *Node) Remove() error {
	var errs []error
	if n.Client != nil {
		errs = append(errs, n.Client.Close())
	}
	errs = append(errs, n.keeper.finish())
	n.world.close()
	if n.daemon != nil {
		<-n.daemon.ended
	}
	return errors.Join(errs...)
}

// Root is the installation's root.
func (n *Node) Root() tenant.Root { return n.place.root() }

// Dir is the node's folder.
func (n *Node) Dir() string { return string(n.place) }

// Namespace is the node's own containerd namespace with this name.
func (n *Node) Namespace(name string) string { return n.place.name() + "-" + name }

// Slice is the node's own slice of systemd with this name.
func (n *Node) Slice(name string) string { return slice(n.Namespace(name)) + ".slice" }

// ID returns a fresh container id in a namespace. Only ids that come from here
// are recognised when they leave something behind.
func (n *Node) ID(namespace string) (string, error) {
	id := "c" + strconv.FormatInt(n.serial.Add(1), 10)
	return id, n.place.remember(namespace, id)
}

// Shim is the path of Bulkhead's shim, for engines that are told a path.
func (n *Node) Shim() string { return n.program("containerd-shim-bulkhead-v2") }

// Path is the node's containerd's.
func (n *Node) Path() string {
	return n.Ahead() + ":" + n.place.path("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin"
}

// Prefix is below which something may be installed: its folder of programs is on
// that path, before the stock shim's.
func (n *Node) Prefix() string { return n.place.path("usr/local") }

// Ahead is that folder, which is not there until something is installed.
func (n *Node) Ahead() string { return filepath.Join(n.Prefix(), "bin") }

// Bare reports that the node began without Bulkhead.
func (n *Node) Bare() bool { return n.kind.Bare }

// Socket is where the node's containerd listens.
func (n *Node) Socket() string { return n.place.socket() }

// Pid is the node's containerd's.
func (n *Node) Pid() int { return n.daemon.cmd.Process.Pid }
