package docker

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// daemonOf answers with one container and its image, as docker inspect shows
// them.
func daemonOf(t *testing.T, container, image string) *Engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{"/containers/json": `[{"Id": "0123456789abcdef"}]`, "/containers/0123456789abcdef/json": container, "/images/sha256:1/json": image, "/info": `{"LiveRestoreEnabled": true}`}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answers[r.URL.Path] == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	})}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { server.Close() })
	return Reach(socket)
}

func TestRecreate(t *testing.T) {
	for _, c := range []struct{ name, container, image, want string }{
		{
			"what the image gives is not said",
			`{"Name": "/web", "Config": {"Image": "nginx", "Hostname": "0123456789ab", "Env": ["PATH=/bin"], "Cmd": ["nginx"], "Labels": {"by": "nginx"}}, "HostConfig": {"NetworkMode": "default", "IpcMode": "private", "ShmSize": 67108864, "RestartPolicy": {"Name": "no"}, "LogConfig": {"Type": "json-file"}}}`,
			`{"Config": {"Env": ["PATH=/bin"], "Cmd": ["nginx"], "Labels": {"by": "nginx"}}}`,
			"docker rm -f web && docker create --name web --runtime runc nginx",
		},
		{
			"what was asked for is, in a shell's words",
			`{"Name": "/db", "State": {"Running": true}, "Config": {"Image": "pg:17", "Hostname": "db", "Env": ["PASSWORD=it's $me"], "Entrypoint": ["/run", "-x"], "Cmd": ["a b"], "User": "70"},
			"HostConfig": {"NetworkMode": "back", "Binds": ["/srv:/srv:ro"], "Privileged": true, "SecurityOpt": ["label=disable"], "Memory": 1048576, "MemorySwap": 2097152, "NanoCpus": 1500000000,
			"PortBindings": {"80/tcp": [{"HostIp": "::1", "HostPort": "80"}]}, "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}], "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
			"Mounts": [{"Type": "bind", "Source": "/srv", "Destination": "/srv"}, {"Type": "volume", "Name": "data", "Destination": "/data", "RW": true}],
			"NetworkSettings": {"Networks": {"back": {"Aliases": ["0123456789ab", "sql"]}, "front": {}}}}`,
			`{"Config": {"Entrypoint": ["/run"]}}`,
			`docker rm -f db && docker run -d --name db --runtime runc --hostname db --user 70 --env 'PASSWORD=it'\''s $me' --restart on-failure:3 ` +
				`--network back --network-alias sql --publish '[::1]:80:80/tcp' --volume /srv:/srv:ro --mount type=volume,src=data,dst=/data ` +
				`--memory 1048576 --cpus 1.5 --ulimit nofile=1:2 --privileged --entrypoint /run pg:17 -x 'a b' && docker network connect front db`,
		},
		{
			"what an image's entrypoint and health check became",
			`{"Name": "/in", "Config": {"Image": "i", "Entrypoint": null, "Cmd": ["x"], "Healthcheck": {"Test": ["CMD-SHELL", "a 'b'"], "Interval": 1500000000, "Retries": 3}}, "HostConfig": {"CgroupnsMode": "private", "LogConfig": {"Type": "local"}}}`,
			`{"Config": {"Entrypoint": ["/run"], "Cmd": ["y"], "Healthcheck": {"Test": ["CMD", "c"], "Retries": 3}}}`,
			`docker rm -f in && docker create --name in --runtime runc --log-driver local --health-cmd 'a '\''b'\''' --health-interval 1.5s --cgroupns private --entrypoint '' i x`,
		},
		{
			"an entrypoint that took the image's command away",
			`{"Name": "/in", "Config": {"Image": "i", "Entrypoint": ["/run"], "Healthcheck": {"Test": ["NONE"]}}}`,
			`{"Config": {"Entrypoint": ["/run"], "Cmd": ["y"], "Healthcheck": {"Test": ["CMD", "c"]}}}`,
			`docker rm -f in && docker create --name in --runtime runc --no-healthcheck --entrypoint /run i`,
		},
		{
			"lists within a value, and a profile that is not in a file",
			`{"Name": "/gpu", "Config": {"Image": "i"}, "HostConfig": {"DeviceRequests": [{"DeviceIDs": ["0", "1"], "Capabilities": [["gpu", "compute"]]}], "SecurityOpt": ["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"],
			"Mounts": [{"Type": "bind", "Source": "/a,b", "Target": "/c", "BindOptions": {"NonRecursive": true}}]}}`, "{}",
			`docker rm -f gpu && printf %s '{"defaultAction":"SCMP_ACT_ALLOW"}' | docker create --name gpu --runtime runc --mount 'type=bind,"src=/a,b",dst=/c,bind-recursive=disabled' ` +
				`--gpus '"device=0,1",capabilities=compute' --security-opt seccomp=/dev/stdin i`,
		},
		{
			"an image that is gone gives nothing",
			`{"Name": "/old", "Config": {"Image": "old", "Cmd": ["x"]}}`, "",
			"docker rm -f old && docker create --name old --runtime runc old x",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(c.container, "{", `{"Id": "0123456789abcdef", "Image": "sha256:1", `, 1)
			e := daemonOf(t, text, c.image)
			all, err := e.Containers(context.Background())
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			if live, err := e.LiveRestore(context.Background()); err != nil || !live {
				t.Errorf("live-restore is %v (%v)", live, err)
			}
			if got, err := e.Recreate(context.Background(), all[0], "runc"); err != nil || got != c.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}
