package doctor

import (
	"os"
	"strings"
	"testing"
)

// has expects that a check says all of these, whatever else it says.
func has(t *testing.T, n *Node, check string, want ...string) {
	t.Helper()
	got := says(t, n, check)
	for _, w := range want {
		if !strings.Contains("\n"+got+"\n", "\n"+w+"\n") {
			t.Errorf("%s says\n%s\nwant in it\n%s", check, got, w)
		}
	}
}

func TestEnginesAreThoseThatRunOrAreInstalled(t *testing.T) {
	n := host(t, nil)
	has(t, n, "engines", "Note neither containerd nor dockerd runs or is installed where programs are")
	n = host(t, nil)
	n.installs(t, containerd, "containerd github.com/containerd/containerd/v2 v2.4.2 abc", "")
	n.installs(t, dockerd, "Docker version 20.10.24+dfsg1, build 297e128", "")
	n.runs(t, 77, dockerd, "/usr/bin/dockerd", nil, "--config-file", "/etc/d.json")
	has(t, n, "engines",
		"OK containerd 2.4.2 (/usr/bin/containerd) does not run, its configuration is /etc/containerd/config.toml",
		"Warning dockerd 20.10.24+dfsg1 (/usr/bin/dockerd) runs as 77, its configuration is /etc/d.json")
	n = host(t, nil)
	n.installs(t, dockerd, "Docker version v2.0.0-beta.24, build library-import", "")
	has(t, n, "engines", "OK dockerd 2.0.0-beta.24 (/usr/bin/dockerd) does not run, its configuration is /etc/docker/daemon.json")
	n = host(t, nil)
	n.installs(t, containerd, "containerd github.com/containerd/containerd 1.5.9~ds1", "")
	has(t, n, "engines", "Warning containerd 1.5.9~ds1 (/usr/bin/containerd) does not run, its configuration is /etc/containerd/config.toml")
}

// A container's process may have any name; its program is not executed.
func TestAProcessThatOnlyHasTheNameIsNoEngine(t *testing.T) {
	for name, spoil := range map[string]func(n *Node) error{
		"in another mount namespace": func(n *Node) error {
			return replaceLink(n.path("/proc/12/ns/mnt"), "mnt:[9]")
		},
		"a program that others can write": func(n *Node) error { return os.Chmod(n.path("/opt/containerd"), 0o777) },
		"a program that is gone":          func(n *Node) error { return os.Remove(n.path("/opt/containerd")) },
	} {
		n := host(t, map[string]string{"/opt/containerd": "#!/bin/sh\ntouch " + t.TempDir() + "/ran; echo containerd 1.0.0\n"})
		n.runs(t, 12, containerd, "/opt/containerd", nil)
		if err := spoil(n); err != nil {
			t.Fatal(err)
		}
		if got := says(t, n, "engines"); !strings.HasPrefix(got, "Note neither") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func replaceLink(path, target string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

const criHandlers = `version = 2
root = "/data/containerd"
[grpc]
address = "/run/c.sock"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.bulkhead]
runtime_type = "io.containerd.runc.v2"
runtime_path = "/usr/local/bin/containerd-shim-bulkhead-v2"
`

func TestRuntimesThatAClientOfContainerdCanChoose(t *testing.T) {
	n := host(t, map[string]string{"/usr/bin/containerd-shim-runc-v2": "#!", "/usr/local/bin/containerd-shim-bulkhead-v2": "#!"})
	n.installs(t, containerd, "containerd x v2.4.2", criHandlers)
	n.runs(t, 12, containerd, "/usr/bin/containerd", nil)
	const at = "containerd at /run/c.sock: "
	has(t, n, "runtimes",
		"Warning "+at+"a client can choose the stock shim",
		"Warning "+at+"the default handler runc is not Bulkhead's",
		"Warning "+at+"handlers that are not Bulkhead's: kata, runc")

	taken := host(t, map[string]string{
		"/usr/bin/containerd-shim-runc-v2": "#!", "/opt/own/containerd-shim-bulkhead-v2": "#!", "/opt/own/containerd-shim-runc-v2": "-> containerd-shim-bulkhead-v2",
	})
	modern := strings.NewReplacer("version = 2", "version = 4", "kata.v2", "bulkhead.v2", "grpc.v1.cri", "cri.v1.runtime", "[grpc]", `[plugins."io.containerd.server.v1.grpc"]`)
	taken.installs(t, containerd, "containerd x v2.4.2", modern.Replace(criHandlers))
	taken.runs(t, 12, containerd, "/usr/bin/containerd", []string{"PATH=/opt/own:/usr/bin"})
	if got := says(t, taken, "runtimes"); got != "OK containerd at /run/c.sock starts nothing but Bulkhead" {
		t.Errorf("with the stock one's name taken: %s", got)
	}
}

func TestHandlersPathCountsWhereContainerdHeedsIt(t *testing.T) {
	const config = `version = 2
[grpc]
address = "/run/c.sock"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ours]
runtime_type = "io.containerd.runc.v2"
runtime_path = "/usr/local/bin/containerd-shim-bulkhead-v2"
`
	for version, want := range map[string]string{
		"1.6.20": "Warning containerd at /run/c.sock: handlers that are not Bulkhead's: ours",
		"1.6.21": "OK containerd at /run/c.sock starts nothing but Bulkhead",
		"1.7.35": "OK containerd at /run/c.sock starts nothing but Bulkhead",
	} {
		n := host(t, map[string]string{"/usr/local/bin/containerd-shim-bulkhead-v2": "#!"})
		n.installs(t, containerd, "containerd x v"+version, config)
		n.runs(t, 12, containerd, "/usr/bin/containerd", nil)
		if got := says(t, n, "runtimes"); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestRuntimesThatAClientOfDockerCanChoose(t *testing.T) {
	daemon := func(json string, args ...string) *Node {
		n := host(t, map[string]string{"/usr/bin/containerd-shim-runc-v2": "#!", "/etc/docker/daemon.json": json})
		n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
		n.runs(t, 12, dockerd, "/usr/bin/dockerd", nil, args...)
		return n
	}
	const at = "dockerd at /run/docker.sock: "
	has(t, daemon(`{"runtimes": {"nvidia": {"path": "/usr/bin/nvidia-container-runtime"}}}`), "runtimes",
		"Warning "+at+"the default runtime runc is not Bulkhead's",
		"Warning "+at+"a client can choose a runtime that is not Bulkhead's: nvidia, runc")
	const own = `{"default-runtime": "acme", "runtimes": {"acme": {"runtimeType": "io.containerd.bulkhead.v2"}}}`
	if got, want := says(t, daemon(own), "runtimes"), "Warning "+at+"a client can choose a runtime that is not Bulkhead's: runc"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	has(t, daemon(`{}`, "--default-runtime=io.containerd.bulkhead.v2"), "runtimes", "Warning "+at+"a client can choose a runtime that is not Bulkhead's: runc")
}

func TestSocketsThatMoreThanRootCanWriteTo(t *testing.T) {
	const one = "apiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {selectors: {containerdNamespaces: [moby]}}\n"
	const two = one + "---\napiVersion: bulkhead.dev/v1alpha1\nkind: Tenant\nmetadata: {name: globex}\nspec: {}\n"
	const trusting = two + "---\napiVersion: bulkhead.dev/v1alpha1\nkind: NodePolicy\nmetadata: {name: default}\nspec: {tenantAnnotation: {trustedContainerdNamespaces: [moby]}}\n"
	if os.Getuid() != 0 {
		t.Skip("needs root: gives a socket to a group")
	}
	for name, c := range map[string]struct {
		mode   os.FileMode
		group  int
		policy string
		want   string
	}{
		"root's":            {0o600, 0, two, "OK /run/docker.sock is root's alone"},
		"root's group's":    {0o660, 0, two, "OK /run/docker.sock is root's alone"},
		"a group's":         {0o660, 998, one, "Warning /run/docker.sock is open to group docker (eve,adam)"},
		"another group's":   {0o660, 999, one, "Warning /run/docker.sock is open to group 999"},
		"everybody's":       {0o666, 0, one, "Warning /run/docker.sock is open to every user of the node that can reach its folder"},
		"of several":        {0o660, 998, trusting, "Failure /run/docker.sock is open to group docker (eve,adam), and names several tenants"},
		"of one of several": {0o660, 998, two, "Warning /run/docker.sock is open to group docker (eve,adam)"},
	} {
		n := host(t, map[string]string{"/run/docker.sock": "", "/etc/group": "root:x:0:\ndocker:x:998:eve,adam\n"})
		n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
		n.runs(t, 12, dockerd, "/usr/bin/dockerd", nil, "-H", "fd://")
		n.applies(t, c.policy)
		socket := n.path("/run/docker.sock")
		if err := os.Chmod(socket, c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(socket, 0, c.group); err != nil {
			t.Fatal(err)
		}
		if got := says(t, n, "sockets"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	n := host(t, map[string]string{"/etc/docker/daemon.json": `{"hosts": ["tcp://0.0.0.0:2375"]}`})
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	n.applies(t, one)
	has(t, n, "sockets", "Warning tcp://0.0.0.0:2375 is open to whoever reaches it")
}

func TestBuildsAreATenantsWhereBuildKitIsTold(t *testing.T) {
	const outside = "Failure build steps of dockerd at /run/docker.sock run outside every tenant"
	n := host(t, nil)
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	n.installs(t, buildkitd, "buildkitd x v0.20.0", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", nil)
	n.runs(t, 13, buildkitd, "/usr/bin/buildkitd", nil)
	has(t, n, "builds", outside, "Failure build steps of buildkitd run outside every tenant")

	n = host(t, nil)
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	n.installs(t, buildkitd, "buildkitd x v0.20.0", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", []string{"DOCKER_BUILDKIT_RUNC_COMMAND=/usr/local/bin/bulkhead-runc"})
	n.runs(t, 13, buildkitd, "/usr/bin/buildkitd", nil, "--oci-worker-binary=/usr/local/bin/bulkhead-runc")
	has(t, n, "builds", "OK dockerd at /run/docker.sock runs build steps by /usr/local/bin/bulkhead-runc", "OK buildkitd runs build steps by /usr/local/bin/bulkhead-runc")

	dropIn := map[string]string{
		"/etc/systemd/system/docker.service.d/bulkhead.conf": "[Service]\nEnvironment=\"DOCKER_BUILDKIT_RUNC_COMMAND=/usr/bin/bulkhead-runc\"\n",
	}
	n = host(t, dropIn)
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	has(t, n, "builds", "OK dockerd runs build steps by /usr/bin/bulkhead-runc")
	n = host(t, dropIn) // one that runs was started before
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", nil)
	has(t, n, "builds", outside)
}

// Docker 20.10 reads no such variable: its binary does not have it.
func TestBuildsOfAnOldDockerAreATenantsByItsPath(t *testing.T) {
	variable := []string{"DOCKER_BUILDKIT_RUNC_COMMAND=/usr/local/bin/bulkhead-runc", "PATH=/opt/ahead:/usr/sbin"}
	files := map[string]string{"/usr/local/bin/bulkhead-runc": "", "/usr/sbin/runc": "", "/opt/ahead/other": ""}
	n := host(t, files)
	n.installs(t, dockerd, "Docker version 20.10.24, build x", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", variable)
	has(t, n, "builds", "Failure build steps of dockerd at /run/docker.sock run outside every tenant")

	n = host(t, files)
	n.installs(t, dockerd, "Docker version 20.10.24, build x", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", variable)
	if err := os.Symlink("../../usr/local/bin/bulkhead-runc", n.path("/opt/ahead/runc")); err != nil {
		t.Fatal(err)
	}
	has(t, n, "builds", "OK dockerd at /run/docker.sock runs build steps by /opt/ahead/runc")
}

func TestLogsWithoutALimit(t *testing.T) {
	const unbounded = "Warning dockerd keeps logs without a limit of their size"
	const bounded = "OK dockerd bounds them, or hands them on"
	for json, want := range map[string]string{
		``:   unbounded,
		`{}`: unbounded,
		`{"log-driver": "json-file", "log-opts": {"max-file": "3"}}`:   unbounded,
		`{"log-driver": "json-file", "log-opts": {"max-size": "10m"}}`: bounded,
		`{"log-driver": "local"}`:                                      bounded,
		`{"log-driver": "journald"}`:                                   bounded,
	} {
		n := host(t, map[string]string{"/etc/docker/daemon.json": json})
		n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
		if got := says(t, n, "logs"); got != want {
			t.Errorf("%s: %s", json, got)
		}
	}
	n := host(t, nil)
	n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
	n.runs(t, 12, dockerd, "/usr/bin/dockerd", nil, "--log-opt", "max-size=10m")
	has(t, n, "logs", "OK dockerd at /run/docker.sock bounds them, or hands them on")
}

func TestQuotasOfTheFileSystemsOfEngines(t *testing.T) {
	const at = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /var/lib rw - xfs /dev/sda2 "
	for mounts, want := range map[string]string{
		at + "rw,prjquota\n":                         "OK /var/lib/docker has project quotas at /var/lib",
		at + "rw\n":                                  "Note /var/lib/docker is on xfs at /var/lib, mounted without project quotas",
		"1 0 0:9 / / rw - btrfs /dev/sda1 rw\n":      "Note /var/lib/docker is on btrfs at /, which has no project quotas",
		at + "rw\n3 2 8:3 / /var/lib/doc rw - x y z": "Note /var/lib/docker is on xfs at /var/lib, mounted without project quotas",
	} {
		n := host(t, map[string]string{"/proc/self/mountinfo": mounts})
		n.installs(t, dockerd, "Docker version 29.0.0, build x", "")
		if got := says(t, n, "quota"); got != want {
			t.Errorf("%q: %s, want %s", mounts, got, want)
		}
	}
}

func TestDelegatesAndTheFixesThatTheyHave(t *testing.T) {
	const old = "runc 1.1.5+ds1 (/usr/bin/runc) is older than the fix of "
	const proc = "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881"
	for said, want := range map[string][]string{
		"runc version 1.5.2":      {"OK runc 1.5.2 (/usr/bin/runc) has the known fixes"},
		"runc version 1.1.5+ds1":  {"Warning " + old + "CVE-2024-21626", "Warning " + old + proc, "Warning runc 1.1.5+ds1 (/usr/bin/runc) sets no user.* limits"},
		"runc version 1.1.12":     {"Warning runc 1.1.12 (/usr/bin/runc) is older than the fix of " + proc, "Warning runc 1.1.12 (/usr/bin/runc) sets no user.* limits"},
		"runc version 1.2.8":      {"Warning runc 1.2.8 (/usr/bin/runc) sets no user.* limits"},
		"runc version 1.3.2":      {"Warning runc 1.3.2 (/usr/bin/runc) is older than the fix of " + proc, "Warning runc 1.3.2 (/usr/bin/runc) sets no user.* limits"},
		"runc version 1.4.0-rc.1": {"Warning runc 1.4.0-rc.1 (/usr/bin/runc) is older than the fix of " + proc, "Warning runc 1.4.0-rc.1 (/usr/bin/runc) sets no user.* limits"},
		"runc version 1.4.0":      {"OK runc 1.4.0 (/usr/bin/runc) has the known fixes"},
	} {
		n := host(t, nil)
		n.installs(t, "runc", said, "")
		if got := says(t, n, "delegates"); got != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", said, got, strings.Join(want, "\n"))
		}
	}
	for said, want := range map[string]string{
		"runsc version release-20260831.0\nspec: 1.2.1":    "OK runsc release-20260831.0 (/usr/bin/runsc) has the known fixes",
		"runsc version v0.0.0-20260905035102-160fafc42237": "OK runsc v0.0.0-20260905035102-160fafc42237 (/usr/bin/runsc) has the known fixes",
		"runsc version release-20240807.0":                 "Warning runsc release-20240807.0 (/usr/bin/runsc) is more than a year older than the one that Bulkhead is tested with",
		"runsc version VERSION_MISSING":                    "Warning runsc VERSION_MISSING (/usr/bin/runsc) does not say of which day it is",
	} {
		n := host(t, nil)
		n.installs(t, "runsc", said, "")
		if got := says(t, n, "delegates"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", said, got, want)
		}
	}
	n := host(t, nil)
	n.installs(t, "crun", "crun version 1.8.1", "")
	has(t, n, "delegates", "Warning crun 1.8.1 (/usr/bin/crun) sets no user.* limits")
}
