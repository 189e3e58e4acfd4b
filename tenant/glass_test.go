package tenant_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// glassy writes a broken glass of acme as `bulkhead break-glass` does, changed.
func glassy(t *testing.T, change func(*tenant.Glass)) tenant.Root {
	t.Helper()
	root := tenant.Root(t.TempDir())
	boot, uptime, err := tenant.SinceBoot()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	g := tenant.Glass{Tenant: "acme", Reason: "INC-7", Since: now, Until: now.Add(time.Hour), Boot: boot, Uptime: uptime + time.Hour}
	if change != nil {
		change(&g)
	}
	data, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.MkdirAll(root.Glass(), 0o700))
	must(t, os.WriteFile(tenant.GlassFile(root, "acme"), data, 0o600))
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestABrokenGlassIsOfOneTenant(t *testing.T) {
	root := glassy(t, nil)
	if g := tenant.GlassOf(root, "acme"); g == nil || g.Reason != "INC-7" {
		t.Errorf("acme's is %+v", g)
	}
	for _, name := range []string{"acme2", "globex", "", ".", "../glass/acme", "acme.json"} {
		if _, err := tenant.ReadGlass(root, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v, want none", name, err)
		}
	}
}

func TestAGlassEndsByTheClockAndByItself(t *testing.T) {
	for name, change := range map[string]func(*tenant.Glass){
		"its time has passed":     func(g *tenant.Glass) { g.Until = time.Now() },
		"the clock was set back":  func(g *tenant.Glass) { g.Uptime -= time.Hour },
		"the node was restarted":  func(g *tenant.Glass) { g.Boot = "3b2a2c9e-0000-0000-0000-000000000000" },
		"it was never broken":     func(g *tenant.Glass) { *g = tenant.Glass{Tenant: "acme", Reason: "x"} },
		"the clock was set ahead": func(g *tenant.Glass) { g.Since, g.Until = g.Since.Add(-2*time.Hour), g.Until.Add(-2*time.Hour) },
	} {
		if _, err := tenant.ReadGlass(glassy(t, change), "acme"); !errors.Is(err, tenant.ErrGlassEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatRootDidNotWriteIsNoBrokenGlass(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tenant.Glass)
		spoil  func(path string) error
		want   string
	}{
		"another tenant's":     {change: func(g *tenant.Glass) { g.Tenant = "globex" }, want: `it is of tenant "globex"`},
		"without a reason":     {change: func(g *tenant.Glass) { g.Reason = "" }, want: "it names no reason"},
		"for days by clock":    {change: func(g *tenant.Glass) { g.Until = g.Until.Add(72 * time.Hour) }, want: "lasts longer than 4h"},
		"for days by uptime":   {change: func(g *tenant.Glass) { g.Uptime += 72 * time.Hour }, want: "lasts longer than 4h"},
		"of everybody":         {spoil: func(p string) error { return os.Chmod(p, 0o604) }, want: "its mode is -rw----r--"},
		"of a group":           {spoil: func(p string) error { return os.Chmod(p, 0o620) }, want: "its mode is -rw--w----"},
		"with a second name":   {spoil: func(p string) error { return os.Link(p, p+".too") }, want: "it has 2 names"},
		"a link":               {spoil: func(p string) error { return errors.Join(os.Rename(p, p+".x"), os.Symlink(p+".x", p)) }, want: "too many levels"},
		"a folder":             {spoil: func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o600)) }, want: "its mode is d"},
		"a fifo":               {spoil: func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)) }, want: "its mode is p"},
		"empty":                {spoil: func(p string) error { return os.Truncate(p, 0) }, want: "EOF"},
		"cut off":              {spoil: func(p string) error { return os.Truncate(p, 60) }, want: "unexpected EOF"},
		"with something after": {spoil: func(p string) error { return grow(p, "{}") }, want: "something follows its end"},
		"large":                {spoil: func(p string) error { return grow(p, strings.Repeat(" ", 5000)) }, want: "more than 4096 bytes"},
		"of somebody":          {spoil: func(p string) error { return os.Chown(p, 1234, 0) }, want: "its owner is user 1234"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "of somebody" && os.Getuid() != 0 {
				t.Skip("needs root: gives a file away")
			}
			root := glassy(t, c.change)
			if c.spoil != nil {
				if tenant.GlassOf(root, "acme") == nil {
					t.Fatal("it did not count before")
				}
				must(t, c.spoil(tenant.GlassFile(root, "acme")))
			}
			if g, err := tenant.ReadGlass(root, "acme"); g != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v, want %q", g, err, c.want)
			}
		})
	}
}

func grow(path, by string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(by)
	return errors.Join(err, f.Close())
}

func BenchmarkWholeGlass(b *testing.B) {
	root := tenant.Root(b.TempDir())
	for b.Loop() {
		if tenant.GlassOf(root, "acme") != nil {
			b.Fatal("broken")
		}
	}
}
