package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// execution is what `exec` is asked for. Of the process, flags say the same as
// runc's (runc 1.5.2, exec.go).
type execution struct {
	id, file      string
	args          []string
	passed        []string // flags that the delegate gets as they are
	preserveFDs   int
	cgroups       []string
	cwd, user     string
	env, caps     []string
	gids          []uint32
	apparmor      string
	label         string
	tty, noPrivs  bool
	privsAreAsked bool
}

func parseExecution(args []string) (*execution, error) {
	e := new(execution)
	f := flags("exec")
	text(f, &e.file, "process", "p")
	text(f, &e.user, "user", "u")
	both(f, &e.tty, "tty", "t")
	f.StringVar(&e.cwd, "cwd", "", "")
	f.StringVar(&e.apparmor, "apparmor", "", "")
	f.StringVar(&e.label, "process-label", "", "")
	f.IntVar(&e.preserveFDs, "preserve-fds", 0, "")
	f.BoolFunc("no-new-privs", "", func(s string) (err error) {
		e.privsAreAsked = true
		e.noPrivs, err = strconv.ParseBool(s)
		return err
	})
	for name, list := range map[string]*[]string{"env": &e.env, "e": &e.env, "cap": &e.caps, "c": &e.caps, "cgroup": &e.cgroups} {
		f.Func(name, "", func(s string) error { *list = append(*list, s); return nil })
	}
	for _, name := range []string{"additional-gids", "g"} {
		f.Func(name, "", func(s string) error {
			gid, err := strconv.ParseUint(s, 10, 32)
			e.gids = append(e.gids, uint32(gid))
			return err
		})
	}
	for _, name := range []string{"pid-file", "console-socket", "pidfd-socket"} {
		f.Func(name, "", func(s string) error { e.passed = append(e.passed, "--"+name, s); return nil })
	}
	for name, long := range map[string]string{"detach": "detach", "d": "detach", "ignore-paused": "ignore-paused"} {
		f.BoolFunc(name, "", func(string) error { e.passed = append(e.passed, "--"+long); return nil })
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case e.preserveFDs < 0 || e.preserveFDs > 1024:
		return nil, fmt.Errorf("--preserve-fds is %d, want 0 to 1024", e.preserveFDs)
	case e.preserveFDs > 0:
		e.passed = append(e.passed, "--preserve-fds", strconv.Itoa(e.preserveFDs))
	}
	if f.NArg() == 0 || e.file == "" && f.NArg() == 1 {
		return nil, errors.New("exec takes a container id and a command, or --process FILE and an id")
	}
	e.id, e.args = f.Arg(0), f.Args()[1:]
	return e, nil
}

// change makes the container's process the one that the flags ask for.
func (e *execution) change(p *specs.Process) error {
	p.Args, p.Terminal = e.args, e.tty
	p.Env = append(p.Env, e.env...)
	p.Cwd = cmp.Or(e.cwd, p.Cwd)
	p.ApparmorProfile = cmp.Or(e.apparmor, p.ApparmorProfile)
	p.SelinuxLabel = cmp.Or(e.label, p.SelinuxLabel)
	if e.privsAreAsked {
		p.NoNewPrivileges = e.noPrivs
	}
	if len(e.caps) > 0 && p.Capabilities == nil {
		p.Capabilities = new(specs.LinuxCapabilities)
	}
	for _, c := range e.caps {
		sets := []*[]string{&p.Capabilities.Bounding, &p.Capabilities.Effective, &p.Capabilities.Permitted}
		if p.Capabilities.Inheritable != nil {
			sets = append(sets, &p.Capabilities.Ambient)
		}
		for _, set := range sets {
			*set = append(*set, c)
		}
	}
	p.User.AdditionalGids = append(p.User.AdditionalGids, e.gids...)
	return e.changeUser(&p.User)
}

func (e *execution) changeUser(u *specs.User) error {
	if e.user == "" {
		return nil
	}
	uids, gids, grouped := strings.Cut(e.user, ":")
	uid, err := strconv.ParseUint(uids, 10, 32)
	if err != nil {
		return fmt.Errorf("--user is %q, want UID[:GID]: %w", e.user, err)
	}
	u.UID = uint32(uid)
	if grouped {
		gid, err := strconv.ParseUint(gids, 10, 32)
		if err != nil {
			return fmt.Errorf("--user is %q, want UID[:GID]: %w", e.user, err)
		}
		u.GID = uint32(gid)
	}
	return nil
}

// bundle is the folder that a container was made from.
func (inv *invocation) bundle(m made) (string, error) {
	r, err := record.Load(inv.rt.Root(), m.Scope(), m.ID)
	if err != nil {
		return "", fmt.Errorf("refused: container %s was not started by Bulkhead; create it again", m.ID)
	}
	return r.Bundle, nil
}
