package integration

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bulkhead-dev/bulkhead/integration/host"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

func TestBuildStepsAreTheBuildsTenants(t *testing.T) {
	onBuilds(t, "limits: {memory: 256Mi, pids: 100}\ncontainer: {max: {memory: 128Mi}}", "builds: {tenant: ci}", func(b *builder) {
		ended := make(chan string, 1)
		go func() {
			out, _ := b.build("RUN echo begins && exec sleep 600") // it is killed
			ended <- out
		}()
		r := b.runs("ci")
		b.must(node.Await(b.ctx, func() bool { return strings.HasPrefix(host.Command(r.Pid), "sleep") })) // made, and started
		for _, want := range []struct {
			setting host.Setting
			up      int
			value   int64
		}{{host.MemoryLimit, 0, 128 << 20}, {host.MemoryLimit, 1, 256 << 20}, {host.PidsLimit, 1, 100}} {
			if got, err := want.setting.ReadInt(r.Pid, want.up); got != want.value {
				b.Errorf("%+v is %d (%v), want %d", want.setting, got, err, want.value)
			}
		}
		b.must(syscall.Kill(r.Pid, syscall.SIGKILL))
		if out := <-ended; !strings.Contains(out, "begins") || !strings.Contains(out, "exit code: 137") {
			b.Errorf("the build shows neither its output nor how it ended:\n%s", out)
		}
	})
}

func TestBuildsWithoutATenantAreRefused(t *testing.T) {
	onBuilds(t, "", "", func(b *builder) {
		const want = "refused: no tenant owns the steps of image builds; set NodePolicy.builds.tenant"
		if out, err := b.build("RUN true"); err == nil || !strings.Contains(out, want) {
			b.Errorf("got %v and:\n%s\nwant %s", err, out, want)
		}
		b.apply(builds("", "builds: {tenant: ci}"))
		if out, err := b.build("RUN true"); err != nil {
			b.Errorf("with a tenant of builds: %v:\n%s", err, out)
		}
	})
}

func TestBuildHasNoMoreThanItsTenant(t *testing.T) {
	onBuilds(t, "", "builds: {tenant: ci}", func(b *builder) {
		const want = "refused by namespaces: linux.namespaces[network] is the host's"
		if out, err := b.build("RUN true", "--network", "host"); err == nil || !strings.Contains(out, want) {
			b.Errorf("on the host's network: %v and:\n%s\nwant %s", err, out, want)
		}
		if out, err := b.build("RUN touch /tmp/a && ! mount -t tmpfs none /tmp && { ! mknod /tmp/disk b 254 0 || ! head -c 1 /tmp/disk; }"); err != nil {
			b.Errorf("a mount or a disk was not refused: %v:\n%s", err, out)
		}
	})
}

func TestBuildSeesItsSecretsCachesAndStages(t *testing.T) {
	onBuilds(t, "", "builds: {tenant: ci}", func(b *builder) {
		secret := filepath.Join(b.TempDir(), "secret")
		b.must(os.WriteFile(secret, []byte("open sesame"), 0o600))
		out, err := b.build(`RUN echo of-the-base > /made
FROM base
RUN --mount=type=secret,id=s --mount=type=cache,target=/cache --mount=type=bind,from=base,target=/from cat /run/secrets/s /from/made && touch /cache/kept && ip link show eth0`,
			"--secret", "id=s,src="+secret)
		if err != nil || !strings.Contains(out, "open sesame") || !strings.Contains(out, "of-the-base") {
			b.Errorf("got %v and:\n%s", err, out)
		}
		if out, err := b.build("RUN exit 7"); err == nil || !strings.Contains(out, "exit code: 7") {
			b.Errorf("a step that fails: %v and:\n%s", err, out)
		}
	})
}
