package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// An image has the configuration of a public one, and busybox as its content.
type image struct {
	user, dir  string
	env        []string
	volumes    []string
	entrypoint []string
	cmd        []string
}

// reference is an image's name.
func reference(name string) string { return "bulkhead.test/" + name + ":latest" }

// pauseImage is the sandbox's.
const pauseImage = "pause"

// images are as on the public registry, of what a runtime sees of one.
var images = map[string]image{
	pauseImage:      {user: "65535:65535", entrypoint: []string{"/pause"}},
	"busybox":       {cmd: []string{"sh"}},
	"alpine":        {cmd: []string{"/bin/sh"}},
	"debian":        {cmd: []string{"bash"}},
	"postgres":      {env: []string{"GOSU_VERSION=1.17", "LANG=en_US.utf8", "PG_MAJOR=17", "PGDATA=/var/lib/postgresql/data"}, volumes: []string{"/var/lib/postgresql/data"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"postgres"}},
	"mysql":         {env: []string{"MYSQL_MAJOR=8.4"}, volumes: []string{"/var/lib/mysql"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"mysqld"}},
	"mariadb":       {env: []string{"LANG=C.UTF-8"}, volumes: []string{"/var/lib/mysql"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"mariadbd"}},
	"redis":         {dir: "/data", volumes: []string{"/data"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"redis-server"}},
	"mongo":         {env: []string{"HOME=/data/db", "MONGO_MAJOR=8.0"}, volumes: []string{"/data/configdb", "/data/db"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"mongod"}},
	"elasticsearch": {user: "1000:0", dir: "/usr/share/elasticsearch", env: []string{"ELASTIC_CONTAINER=true"}, entrypoint: []string{"/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"}, cmd: []string{"eswrapper"}},
	"kibana":        {user: "1000", dir: "/usr/share/kibana", entrypoint: []string{"/bin/tini", "--"}, cmd: []string{"/usr/local/bin/kibana-docker"}},
	"kafka":         {user: "appuser", env: []string{"KAFKA_HOME=/opt/kafka"}, volumes: []string{"/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"}, entrypoint: []string{"/__cacert_entrypoint.sh"}, cmd: []string{"/etc/kafka/docker/run"}},
	"zookeeper":     {dir: "/apache-zookeeper-3.9.3-bin", volumes: []string{"/data", "/datalog", "/logs"}, entrypoint: []string{"/docker-entrypoint.sh"}, cmd: []string{"zkServer.sh", "start-foreground"}},
	"rabbitmq":      {env: []string{"RABBITMQ_DATA_DIR=/var/lib/rabbitmq", "HOME=/var/lib/rabbitmq"}, volumes: []string{"/var/lib/rabbitmq"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"rabbitmq-server"}},
	"nginx":         {env: []string{"NGINX_VERSION=1.27.4"}, entrypoint: []string{"/docker-entrypoint.sh"}, cmd: []string{"nginx", "-g", "daemon off;"}},
	"httpd":         {dir: "/usr/local/apache2", env: []string{"HTTPD_PREFIX=/usr/local/apache2"}, cmd: []string{"httpd-foreground"}},
	"caddy":         {dir: "/srv", env: []string{"XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"}, cmd: []string{"caddy", "run", "--config", "/etc/caddy/Caddyfile"}},
	"haproxy":       {user: "haproxy", dir: "/var/lib/haproxy", entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"}},
	"traefik":       {entrypoint: []string{"/entrypoint.sh"}, cmd: []string{"traefik"}},
	"wordpress":     {dir: "/var/www/html", env: []string{"PHP_INI_DIR=/usr/local/etc/php"}, volumes: []string{"/var/www/html"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"apache2-foreground"}},
	"nextcloud":     {dir: "/var/www/html", volumes: []string{"/var/www/html"}, entrypoint: []string{"/entrypoint.sh"}, cmd: []string{"apache2-foreground"}},
	"ghost":         {dir: "/var/lib/ghost", env: []string{"NODE_ENV=production"}, volumes: []string{"/var/lib/ghost/content"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"node", "current/index.js"}},
	"gitea":         {env: []string{"USER=git", "GITEA_CUSTOM=/data/gitea"}, volumes: []string{"/data"}, entrypoint: []string{"/usr/bin/entrypoint"}, cmd: []string{"/usr/bin/s6-svscan", "/etc/s6"}},
	"gitlab":        {env: []string{"TERM=xterm"}, volumes: []string{"/etc/gitlab", "/var/opt/gitlab", "/var/log/gitlab"}, cmd: []string{"/assets/wrapper"}},
	"gitlab-runner": {volumes: []string{"/etc/gitlab-runner", "/home/gitlab-runner"}, entrypoint: []string{"/usr/bin/dumb-init", "/entrypoint"}, cmd: []string{"run", "--user=gitlab-runner"}},
	"jenkins":       {user: "1000", env: []string{"JENKINS_HOME=/var/jenkins_home"}, volumes: []string{"/var/jenkins_home"}, entrypoint: []string{"/usr/bin/tini", "--", "/usr/local/bin/jenkins.sh"}},
	"drone":         {env: []string{"DRONE_SERVER_PORT=:80"}, volumes: []string{"/data"}, entrypoint: []string{"/bin/drone-server"}},
	"registry":      {volumes: []string{"/var/lib/registry"}, entrypoint: []string{"/entrypoint.sh"}, cmd: []string{"/etc/distribution/config.yml"}},
	"minio":         {env: []string{"MINIO_ACCESS_KEY_FILE=access_key"}, volumes: []string{"/data"}, entrypoint: []string{"/usr/bin/docker-entrypoint.sh"}, cmd: []string{"minio"}},
	"grafana":       {user: "472", dir: "/usr/share/grafana", env: []string{"GF_PATHS_HOME=/usr/share/grafana"}, entrypoint: []string{"/run.sh"}},
	"prometheus":    {user: "nobody", dir: "/prometheus", volumes: []string{"/prometheus"}, entrypoint: []string{"/bin/prometheus"}, cmd: []string{"--config.file=/etc/prometheus/prometheus.yml"}},
	"node-exporter": {user: "nobody", entrypoint: []string{"/bin/node_exporter"}},
	"cadvisor":      {entrypoint: []string{"/usr/bin/cadvisor", "-logtostderr"}},
	"loki":          {user: "10001", entrypoint: []string{"/usr/bin/loki"}, cmd: []string{"-config.file=/etc/loki/local-config.yaml"}},
	"keycloak":      {user: "1000", env: []string{"KC_RUN_IN_CONTAINER=true"}, entrypoint: []string{"/opt/keycloak/bin/kc.sh"}},
	"vault":         {env: []string{"NAME=vault"}, volumes: []string{"/vault/file", "/vault/logs"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"server", "-dev"}},
	"consul":        {volumes: []string{"/consul/data"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"agent", "-dev", "-client", "0.0.0.0"}},
	"etcd":          {env: []string{"ETCD_UNSUPPORTED_ARCH="}, volumes: []string{"/bitnami/etcd"}, user: "1001", entrypoint: []string{"/usr/local/bin/etcd"}},
	"memcached":     {user: "11211", entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"memcached"}},
	"clickhouse":    {env: []string{"CLICKHOUSE_CONFIG=/etc/clickhouse-server/config.xml"}, volumes: []string{"/var/lib/clickhouse"}, entrypoint: []string{"/entrypoint.sh"}},
	"cassandra":     {env: []string{"CASSANDRA_CONF=/etc/cassandra"}, volumes: []string{"/var/lib/cassandra"}, entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"cassandra", "-f"}},
	"nats":          {entrypoint: []string{"/nats-server"}, cmd: []string{"--config", "nats-server.conf"}},
	"portainer":     {dir: "/", volumes: []string{"/data"}, entrypoint: []string{"/portainer"}},
	"node":          {env: []string{"NODE_VERSION=22.14.0"}, dir: "/home/node/app", entrypoint: []string{"docker-entrypoint.sh"}, cmd: []string{"node"}},
	"python":        {env: []string{"LANG=C.UTF-8", "PYTHON_VERSION=3.13.2"}, cmd: []string{"python3"}},
	"superset":      {user: "superset", dir: "/app", env: []string{"SUPERSET_ENV=production"}, cmd: []string{"/usr/bin/run-server.sh"}},
	"airflow":       {user: "50000", dir: "/opt/airflow", env: []string{"AIRFLOW_HOME=/opt/airflow"}, entrypoint: []string{"/usr/bin/dumb-init", "--", "/entrypoint"}},
	"mattermost":    {user: "2000", dir: "/mattermost", volumes: []string{"/mattermost/data", "/mattermost/logs", "/mattermost/config", "/mattermost/plugins", "/mattermost/client/plugins"}, entrypoint: []string{"/entrypoint.sh"}, cmd: []string{"mattermost"}},
	"homeassistant": {dir: "/config", env: []string{"S6_SERVICES_GRACETIME=240000"}, entrypoint: []string{"/init"}},
	"pihole":        {env: []string{"FTLCONF_dns_upstreams=8.8.8.8"}, entrypoint: []string{"start.sh"}},
	"docker":        {env: []string{"DOCKER_TLS_CERTDIR=/certs"}, volumes: []string{"/var/lib/docker"}, entrypoint: []string{"dockerd-entrypoint.sh"}},
	"wireguard":     {volumes: []string{"/config"}, entrypoint: []string{"/init"}},
	"sentry":        {dir: "/usr/src/sentry", env: []string{"SENTRY_CONF=/etc/sentry"}, volumes: []string{"/data"}, entrypoint: []string{"/etc/sentry/entrypoint.sh"}, cmd: []string{"run", "web"}},
}

// users are those that images name.
var users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nappuser:x:1000:1000::/home/appuser:/bin/sh\n" +
	"haproxy:x:99:99::/var/lib/haproxy:/bin/false\nsuperset:x:1000:1000::/app/superset_home:/bin/sh\n"

// archive writes all images as `docker save` does, with one layer for all.
func archive(file, busybox string) error {
	layer, err := layer(busybox)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(layer)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var manifest []map[string]any
	for name, i := range images {
		config, err := json.Marshal(ocispec.Image{
			Platform: ocispec.Platform{Architecture: goruntime.GOARCH, OS: "linux"},
			Config:   i.config(),
			RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.Digest("sha256:" + hex.EncodeToString(sum[:]))}},
		})
		if err != nil {
			return err
		}
		if err := add(w, tar.Header{Name: name + ".json", Mode: 0o644}, config); err != nil {
			return err
		}
		manifest = append(manifest, map[string]any{"Config": name + ".json", "RepoTags": []string{reference(name)}, "Layers": []string{"layer.tar"}})
	}
	slices.SortFunc(manifest, func(a, b map[string]any) int { return strings.Compare(a["Config"].(string), b["Config"].(string)) })
	text, err := json.Marshal(manifest)
	err = errors.Join(err, add(w, tar.Header{Name: "layer.tar", Mode: 0o644}, layer), add(w, tar.Header{Name: "manifest.json", Mode: 0o644}, text), w.Close())
	if err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}

func (i image) config() ocispec.ImageConfig {
	c := ocispec.ImageConfig{
		User: i.user, WorkingDir: i.dir, Entrypoint: i.entrypoint, Cmd: i.cmd,
		Env:     append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, i.env...),
		Volumes: map[string]struct{}{},
	}
	for _, v := range i.volumes {
		c.Volumes[v] = struct{}{}
	}
	return c
}

func layer(busybox string) ([]byte, error) {
	data, err := os.ReadFile(busybox)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, dir := range []string{"bin/", "dev/", "etc/", "proc/", "root/", "sys/", "tmp/", "var/", "var/run/"} {
		err = errors.Join(err, add(w, tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, nil))
	}
	err = errors.Join(err,
		add(w, tar.Header{Name: "bin/busybox", Mode: 0o755}, data),
		add(w, tar.Header{Name: "bin/sleep", Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil),
		add(w, tar.Header{Name: "bin/sh", Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil),
		add(w, tar.Header{Name: "etc/passwd", Mode: 0o644}, []byte(users)))
	return b.Bytes(), errors.Join(err, w.Close())
}

func add(w *tar.Writer, h tar.Header, data []byte) error {
	h.Size = int64(len(data))
	if err := w.WriteHeader(&h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// importImages puts all images into a containerd namespace, unpacked.
func (r *recorder) importImages(ctx context.Context, namespace string) error {
	file := filepath.Join(scratch, "images.tar")
	if err := writeImages(file); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx = namespaces.WithNamespace(ctx, namespace)
	found, err := r.client.Import(ctx, f)
	if err != nil {
		return err
	}
	for _, i := range found {
		if err := client.NewImage(r.client, i).Unpack(ctx, ""); err != nil {
			return fmt.Errorf("unpack %s: %w", i.Name, err)
		}
	}
	return nil
}

func writeImages(file string) error {
	busybox, err := exec.LookPath("bin/engines/debian/bin/busybox")
	if err != nil {
		return err
	}
	return archive(file, busybox)
}
