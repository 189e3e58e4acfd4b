package spec_test

// A refusal is right where a container asks for what only an operator can give.
type refusal struct {
	wants string
	allow string // of the tenant's security, with which it starts; empty: nothing does
}

// refusals are those that the smallest tenant has among real requests. Files
// beside a compose file are paths of the node, and so are its file secrets: the
// Pod Security Standards forbid them under baseline (hostPath).
var refusals = map[string]refusal{
	"containerd/host-network":         {"the node's network and its files", "exceptions: {hostNamespaces: [Network]}"},
	"containerd/privileged":           {"everything", "level: privileged"},
	"cri/dind.dind":                   {"everything", "level: privileged"},
	"cri/eck-sysctl.sysctl":           {"everything, to set a sysctl of the node", "level: privileged"},
	"cri/host-ipc.main":               {"the node's shared memory", "exceptions: {hostNamespaces: [IPC]}"},
	"cri/host-ipc.sandbox":            {"the node's shared memory", "exceptions: {hostNamespaces: [IPC]}"},
	"cri/hostpath.main":               {"a folder of the node", "exceptions: {hostPaths: [{path: /var/log/apps}]}"},
	"cri/istio-init.istio-init":       {"CAP_NET_ADMIN, to write the pod's packet filter", "exceptions: {capabilities: [CAP_NET_ADMIN]}"},
	"cri/node-exporter.node-exporter": {"the node's namespaces, folders and clock", "exceptions: {hostNamespaces: [Network, PID], capabilities: [CAP_SYS_TIME], hostPaths: [{path: /mnt/sys, readOnly: true}, {path: /mnt/root, readOnly: true}]}"},
	"cri/node-exporter.sandbox":       {"the node's namespaces", "exceptions: {hostNamespaces: [Network, PID]}"},
	"cri/ptrace.debugger":             {"CAP_SYS_PTRACE", "exceptions: {capabilities: [CAP_SYS_PTRACE]}"},
	"cri/unsafe-sysctls.sandbox":      {"sysctls that are not safe to Kubernetes", "exceptions: {sysctls: [kernel.msgmax, net.core.somaxconn]}"},
	"docker/caddy":                    {"CAP_NET_ADMIN, for larger buffers of QUIC", "exceptions: {capabilities: [CAP_NET_ADMIN]}"},
	"docker/caddy-bind":               {"a file beside its compose file", "exceptions: {hostPaths: [{path: /srv/caddy/Caddyfile}]}"},
	"docker/cadvisor-host":            {"everything of the node", "level: privileged"},
	"docker/clickhouse-caps":          {"capabilities for statistics and locked memory", "exceptions: {capabilities: [CAP_IPC_LOCK, CAP_NET_ADMIN, CAP_SYS_NICE]}"},
	"docker/device":                   {"a device", "exceptions: {devices: [{path: /dev/net/tun}]}"},
	"docker/dind-privileged":          {"everything", "level: privileged"},
	"docker/elasticsearch-lock":       {"CAP_IPC_LOCK", "exceptions: {capabilities: [CAP_IPC_LOCK]}"},
	"docker/fuse":                     {"CAP_SYS_ADMIN and a device", "exceptions: {capabilities: [CAP_SYS_ADMIN], devices: [{path: /dev/fuse}]}"},
	"docker/gitea-localtime":          {"a file of the node", "exceptions: {hostPaths: [{path: /etc/localtime, readOnly: true}]}"},
	"docker/gitlab-runner-socket":     {"Docker's socket, which is the node", "exceptions: {hostPaths: [{path: /var/run/docker.sock}]}"},
	"docker/haproxy-bind":             {"a folder beside its compose file", "exceptions: {hostPaths: [{path: /srv/haproxy, readOnly: true}]}"},
	"docker/homeassistant-host":       {"everything, and the node's network", "level: privileged"},
	"docker/host-network":             {"the node's network", "exceptions: {hostNamespaces: [Network]}"},
	"docker/mysql-nice":               {"CAP_SYS_NICE, against a warning", "exceptions: {capabilities: [CAP_SYS_NICE]}"},
	"docker/nginx-bind":               {"files beside its compose file", "exceptions: {hostPaths: [{path: /srv/nginx, readOnly: true}]}"},
	"docker/node-exporter-host":       {"the node's root, network and processes", "level: privileged"},
	"docker/pihole-net-admin":         {"CAP_NET_ADMIN, to serve DHCP", "exceptions: {capabilities: [CAP_NET_ADMIN, CAP_SYS_NICE]}"},
	"docker/portainer-socket":         {"Docker's socket, which is the node", "exceptions: {hostPaths: [{path: /var/run/docker.sock}]}"},
	"docker/prometheus-bind":          {"a folder beside its compose file", "exceptions: {hostPaths: [{path: /srv/prometheus, readOnly: true}]}"},
	"docker/redis-sysctl":             {"a sysctl that is not safe to Kubernetes", "exceptions: {sysctls: [net.core.somaxconn]}"},
	"docker/secret-file":              {"a file beside its compose file, as a secret", "exceptions: {hostPaths: [{path: /srv/postgres/password.txt, readOnly: true}]}"},
	"docker/strace":                   {"CAP_SYS_PTRACE", "exceptions: {capabilities: [CAP_SYS_PTRACE]}"},
	"docker/sysctls":                  {"sysctls that are not safe to Kubernetes", "exceptions: {sysctls: [fs.mqueue.msg_max, kernel.shmmax, net.ipv4.ip_forward]}"},
	"docker/traefik-socket":           {"Docker's socket, which is the node", "exceptions: {hostPaths: [{path: /var/run/docker.sock, readOnly: true}]}"},
	"docker/vault":                    {"CAP_IPC_LOCK", "exceptions: {capabilities: [CAP_IPC_LOCK]}"},
	"docker/wireguard":                {"CAP_NET_ADMIN and a sysctl that is not safe to Kubernetes", "exceptions: {capabilities: [CAP_NET_ADMIN], sysctls: [net.ipv4.conf.all.src_valid_mark]}"},
}
