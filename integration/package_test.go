package integration

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// shipped are the files that an installation has beside its manual pages, below
// its prefix.
var shipped = []string{
	"bin/bulkhead", "bin/bulkhead-runc", "bin/containerd-shim-bulkhead-v2",
	"lib/systemd/system/bulkhead-gc.service", "lib/systemd/system/bulkhead-gc.timer",
	"share/bash-completion/completions/bulkhead", "share/fish/vendor_completions.d/bulkhead.fish", "share/zsh/site-functions/_bulkhead",
}

// makes runs a target on what make has built already.
func makes(t *testing.T, args ...string) {
	t.Helper()
	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("make", append([]string{"-C", repo, "-o", "build", "-o", "man"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// filesBelow are those of a folder, by their paths in it.
func filesBelow(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isManual(file string) bool { return strings.Contains(file, "share/man/man8/bulkhead") }

func TestMakeInstallsBelowAPrefixAndUninstalls(t *testing.T) {
	onlyIfItMatters(t)
	dest := t.TempDir()
	theirs := dest + "/opt/share/man/man8/other.8"
	if err := os.MkdirAll(filepath.Dir(theirs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	makes(t, "install", "DESTDIR="+dest, "PREFIX=/opt")
	files := slices.DeleteFunc(filesBelow(t, dest+"/opt"), func(f string) bool { return f == "share/man/man8/other.8" })
	pages := len(files) - len(shipped)
	if got := slices.DeleteFunc(files, isManual); pages < 20 || !slices.Equal(got, shipped) {
		t.Errorf("installed are %d manual pages and %q, want pages and %q", pages, got, shipped)
	}
	unit, err := os.ReadFile(dest + "/opt/lib/systemd/system/bulkhead-gc.service")
	if err != nil || !strings.Contains(string(unit), "\nExecStart=/opt/bin/bulkhead gc\n") {
		t.Errorf("the unit is %s (%v), want it to run what was installed", unit, err)
	}
	page, err := exec.Command("gzip", "-dc", dest+"/opt/share/man/man8/bulkhead-install-docker.8.gz").Output()
	if err != nil || !strings.Contains(string(page), ".TH ") || !strings.Contains(string(page), "takeover") {
		t.Errorf("the page of install docker is (%v):\n%s", err, page)
	}
	out, err := exec.Command("bash", "-c", `. "$0" && complete -p bulkhead`, dest+"/opt/share/bash-completion/completions/bulkhead").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "bulkhead") {
		t.Errorf("bash takes the completion with %v: %s", err, out)
	}
	makes(t, "uninstall", "DESTDIR="+dest, "PREFIX=/opt")
	if got := filesBelow(t, dest); !slices.Equal(got, []string{"opt/share/man/man8/other.8"}) {
		t.Errorf("after uninstall there are %q, want what was there", got)
	}
}

func TestDebianPackageHasWhatMakeInstalls(t *testing.T) {
	onlyIfItMatters(t)
	repo, err := node.Repository()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("dpkg-deb", "-c", repo+"/bin/bulkhead.deb").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if path := strings.TrimPrefix(fields[5], "./usr/"); !strings.HasSuffix(fields[5], "/") && !isManual(path) {
			got = append(got, path)
			if fields[1] != "root/root" || strings.HasPrefix(path, "bin/") != strings.HasPrefix(fields[0], "-rwxr-xr-x") {
				t.Errorf("in the package is %s", line)
			}
		}
	}
	want := append(slices.Clone(shipped), "share/doc/bulkhead/copyright")
	want[slices.Index(want, "share/zsh/site-functions/_bulkhead")] = "share/zsh/vendor-completions/_bulkhead"
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("in the package are\n%q, want\n%q", got, want)
	}
}
