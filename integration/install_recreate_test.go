package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	recreate "github.com/bulkhead-dev/bulkhead/deploy/docker"
	"github.com/bulkhead-dev/bulkhead/integration/docker"
	"github.com/bulkhead-dev/bulkhead/integration/node"
)

// The line that makes a container anew makes what Docker shows alike to the first,
// whatever that was asked for.
func TestRecreateMakesAContainerAlike(t *testing.T) {
	for _, e := range dockers(t) {
		t.Run(e.Name, func(t *testing.T) {
			together(t)
			s := newDockerStage(t, daemon(t, e, "install", docker.Settings{Stock: true, Placed: true}))
			const full = "bulkhead.test/full:latest" // gives its containers all that an image can
			s.docker("create", "--name", "base", node.ImageName)
			s.docker("commit", "--change", `ENTRYPOINT ["/bin/sh","-c"]`, "--change", `CMD ["sleep 600"]`, "--change", "EXPOSE 80", "--change", "LABEL of=image", "--change", "ENV OF=image",
				"--change", "HEALTHCHECK --interval=50s --timeout=9s CMD test -e /well", "--change", "WORKDIR /tmp", "--change", "USER 7", "base", full)
			s.docker("rm", "base")
			s.docker("network", "create", "--subnet", "10.99.7.0/24", "back")
			s.docker("network", "create", "front")
			s.docker("create", "--name", "other", node.ImageName)
			profile := filepath.Join(t.TempDir(), "seccomp.json")
			s.must(os.WriteFile(profile, []byte(`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chroot"], "action": "SCMP_ACT_ERRNO"}]}`), 0o600))
			for name, args := range recreated(profile, full, e.NamesShims) {
				t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { s.alike(t, args) })
			}
			s.docker("rm", "-f", "other")
			s.docker("rmi", full)
		})
	}
}

// recreated are what containers are asked for, by what is tried.
func recreated(profile, full string, new bool) map[string][]string {
	busybox := func(args ...string) []string { return append(args, node.ImageName, "sleep", "600") }
	all := map[string][]string{
		"health":               busybox("--health-cmd", "test -e '/it is well'", "--health-interval", "1m30s", "--health-retries", "4", "--health-start-period", "5s", "--health-timeout", "1s"),
		"none of health":       {"--no-healthcheck", full},
		"an image's health":    {full},
		"an image's, faster":   {"--health-interval", "2s", full},
		"no entrypoint":        {"--entrypoint", "", full, "/bin/sleep", "600"},
		"another entrypoint":   {"--entrypoint", "/bin/echo", full, "a", "b c"},
		"it without a command": {"--entrypoint", "/bin/true", full},
		"a command":            {full, "sleep 5"},
		"identity": busybox("--stop-signal", "SIGUSR1", "--stop-timeout", "3", "--init", "--label", "a=b c", "--label", "empty=", "--env", "A=it's", "--hostname", "h", "--domainname", "d",
			"--user", "1:2", "--workdir", "/var", "-t", "-i", "--expose", "90/udp", "--restart", "unless-stopped"),
		"not init":  busybox("--init=false"),
		"logs":      busybox("--log-driver", "local", "--log-opt", "max-size=1m", "--log-opt", "max-file=3"),
		"names":     busybox("--add-host", "db:10.0.0.1", "--add-host", "six:fd00::1", "--dns", "10.0.0.53", "--dns-search", "example.org", "--dns-option", "ndots:2", "--link", "other:db"),
		"network":   busybox("--network", "back", "--ip", "10.99.7.9", "--network-alias", "www", "-p", "127.0.0.1:8081:80", "-p", "8082:82/udp", "-p", "83", "--mac-address", "02:42:0a:63:07:09"),
		"devices":   busybox("--device", "/dev/null:/dev/nothing:r", "--device-cgroup-rule", "c 1:3 rw", "--device-read-bps", "/dev/null:1mb", "--device-write-iops", "/dev/null:100"),
		"gpus":      busybox("--gpus", `"device=0,1","capabilities=compute,utility"`),
		"all gpus":  busybox("--gpus", "all"),
		"resources": busybox("--memory", "64m", "--memory-swap", "-1", "--memory-reservation", "32m", "--memory-swappiness", "10", "--oom-score-adj", "100", "--cpus", "0.5", "--cpu-shares", "77", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "9", "--shm-size", "1m", "--ulimit", "nofile=10:20", "--ulimit", "core=0", "--sysctl", "net.ipv4.ip_forward=1"),
		"files": busybox("--tmpfs", "/a", "--tmpfs", "/b:size=1m,mode=700", "--mount", "type=tmpfs,dst=/c,tmpfs-size=1048576,tmpfs-mode=1770", "--mount", "type=bind,src=/usr,dst=/d,readonly,bind-propagation=rslave",
			"--mount", "type=volume,src=volume,dst=/e,volume-nocopy", "-v", "/tmp:/f:ro,rslave", "-v", "wide:/g", "--read-only"),
		"rights":     busybox("--cap-add", "SYS_TIME", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--security-opt", "apparmor=unconfined", "--group-add", "5"),
		"a profile":  busybox("--security-opt", "seccomp="+profile),
		"all paths":  busybox("--security-opt", "systempaths=unconfined", "--security-opt", "seccomp=unconfined"),
		"privileged": busybox("--privileged", "--security-opt", "no-new-privileges"),
		"namespaces": busybox("--pid", "host", "--ipc", "shareable", "--uts", "host", "--cgroupns", "private"),
	}
	if new {
		all["annotation"] = busybox("--annotation", "a=b c", "--health-cmd", "true", "--health-start-interval", "3s")
		all["a device by CDI"] = busybox("--device", "example.org/class=name")
	}
	return all
}

// alike creates a container, makes it anew by the line, and compares.
func (s *dockerStage) alike(t *testing.T, args []string) {
	s.docker(append([]string{"create", "--name", "web"}, args...)...)
	defer s.docker("rm", "-f", "web")
	s.docker("network", "connect", "--alias", "second", "front", "web")
	before := s.shown(t)
	e := recreate.Reach(s.Node.Dir() + "/docker.sock")
	all, err := e.Containers(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name != "web" {
			continue
		}
		line, err := e.Recreate(s.ctx, c, "runc")
		if err != nil {
			t.Fatal(err)
		}
		shell := s.Client("-c", line)
		shell.Env = append(shell.Env, "PATH="+filepath.Dir(shell.Path)+":/usr/bin:/bin")
		shell.Path, shell.Args[0] = "/bin/sh", "sh"
		if out, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		after := s.shown(t)
		for key := range maps.All(before) {
			if !reflect.DeepEqual(before[key], after[key]) {
				t.Errorf("%s was %v, is %v after\n%s", key, before[key], after[key], line)
			}
		}
	}
}

// shown is what Docker shows of it, by section and field: without its ID, and
// what depends on who waits for it.
func (s *dockerStage) shown(t *testing.T) map[string]any {
	id := s.docker("inspect", "--format", "{{.Id}}", "web")
	text := s.docker("inspect", "--format", `{"Config": {{json .Config}}, "HostConfig": {{json .HostConfig}}, "NetworkSettings": {{json .NetworkSettings}}}`, "web")
	text = strings.ReplaceAll(strings.ReplaceAll(text, id, "ID"), id[:12], "ID")
	sections, all := map[string]map[string]any{}, map[string]any{}
	if err := json.Unmarshal([]byte(text), &sections); err != nil {
		t.Fatal(err)
	}
	for section, fields := range sections {
		for field, value := range fields {
			all[section+"."+field] = value
		}
	}
	for _, not := range []string{"Config.AttachStdin", "Config.AttachStdout", "Config.AttachStderr", "Config.StdinOnce", "HostConfig.ContainerIDFile", "HostConfig.ConsoleSize"} {
		delete(all, not)
	}
	if binds, ok := all["HostConfig.Binds"].([]any); ok { // Docker 29 keeps them in a map
		slices.SortFunc(binds, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	return all
}
