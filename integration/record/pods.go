package main

import (
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// serviceAccount is where a pod's token is, which nearly every pod has.
var serviceAccount = mounted{volume: "kube-api-access-x7k2p", at: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true}

// withToken adds the token to the volumes of a pod.
func withToken(volumes map[string]volume) map[string]volume {
	all := map[string]volume{serviceAccount.volume: token}
	for name, v := range volumes {
		all[name] = v
	}
	return all
}

// restricted is what the Pod Security Standards want of every container.
func restricted(c container) container {
	c.drop, c.noNewPrivileges, c.seccomp = []string{"ALL"}, true, runtimeDefault
	if c.user == nil {
		c.user = number(1000)
	}
	return c
}

// pods are those of charts and manuals of well-known projects, and one for each
// thing that a pod may ask for.
var pods = []pod{
	{name: "nginx", about: "kubernetes.io, run a stateless application", volumes: withToken(nil),
		containers: []container{{name: "nginx", image: "nginx", mounts: []mounted{serviceAccount}}}},
	{name: "besteffort", about: "kubernetes.io, a pod without a token", containers: []container{{name: "main", image: "busybox", args: []string{"sleep", "3600"}}}},
	{name: "burstable", about: "kubernetes.io, requests", volumes: withToken(nil),
		containers: []container{{name: "main", image: "httpd", cpu: 100, memory: 128 << 20, mounts: []mounted{serviceAccount}}}},
	{name: "guaranteed", about: "kubernetes.io, requests equal to limits", containers: []container{{name: "main", image: "httpd", cpu: 500, cpuLimit: 500, memory: 256 << 20}}},
	{name: "configmap", about: "kubernetes.io, a ConfigMap as a volume, and one file of it", volumes: withToken(map[string]volume{"config": configMap}),
		containers: []container{{name: "nginx", image: "nginx", mounts: []mounted{serviceAccount, {volume: "config", at: "/etc/config", readOnly: true},
			{volume: "config", at: "/etc/nginx/nginx.conf", subPath: "nginx.conf", readOnly: true}}}}},
	{name: "secret", about: "kubernetes.io, a Secret as a volume", volumes: withToken(map[string]volume{"credentials": secret}),
		containers: []container{{name: "main", image: "redis", mounts: []mounted{serviceAccount, {volume: "credentials", at: "/etc/secret", readOnly: true}}}}},
	{name: "downward", about: "kubernetes.io, the downward API and a projected volume", volumes: withToken(map[string]volume{"podinfo": downwardAPI, "all-in-one": token}),
		containers: []container{{name: "main", image: "busybox", mounts: []mounted{serviceAccount, {volume: "podinfo", at: "/etc/podinfo", readOnly: true}, {volume: "all-in-one", at: "/projected", readOnly: true}}}}},
	{name: "emptydir", about: "kubernetes.io, emptyDir on disk, in memory and of huge pages", volumes: withToken(map[string]volume{"cache": emptyDir, "dshm": memoryDir, "pages": hugePages}),
		containers: []container{{name: "main", image: "postgres", mounts: []mounted{serviceAccount, {volume: "cache", at: "/cache"}, {volume: "dshm", at: "/dev/shm"}, {volume: "pages", at: "/hugepages"}}}}},
	{name: "claim", about: "kubernetes.io, a PersistentVolumeClaim by CSI", volumes: withToken(map[string]volume{"pvc-0a1b2c3d": claim}),
		containers: []container{{name: "mysql", image: "mysql", mounts: []mounted{serviceAccount, {volume: "pvc-0a1b2c3d", at: "/var/lib/mysql"}}}}},
	{name: "subpath", about: "bitnami charts, a subPath of a claim", volumes: withToken(map[string]volume{"pvc-1": claim}),
		containers: []container{{name: "mysql", image: "mysql", mounts: []mounted{serviceAccount, {volume: "pvc-1", at: "/bitnami/mysql", subPath: "mysql"}}}}},
	{name: "nfs", about: "kubernetes.io, NFS", volumes: withToken(map[string]volume{"share": nfs}),
		containers: []container{{name: "main", image: "nginx", mounts: []mounted{serviceAccount, {volume: "share", at: "/usr/share/nginx/html"}}}}},
	{name: "block-storage", about: "kubernetes.io, iSCSI, Fibre Channel and FlexVolume", volumes: withToken(map[string]volume{"lun": iscsi, "fc": fibre, "flex": flex}),
		containers: []container{{name: "main", image: "postgres", mounts: []mounted{serviceAccount, {volume: "lun", at: "/lun"}, {volume: "fc", at: "/fc"}, {volume: "flex", at: "/flex"}}}}},
	{name: "local", about: "kubernetes.io, a local volume", volumes: withToken(map[string]volume{"local-pv": localDisk}),
		containers: []container{{name: "main", image: "cassandra", mounts: []mounted{serviceAccount, {volume: "local-pv", at: "/var/lib/cassandra"}}}}},
	{name: "gitrepo", about: "kubernetes.io, gitRepo", volumes: withToken(map[string]volume{"repo": gitRepo}),
		containers: []container{{name: "main", image: "node", mounts: []mounted{serviceAccount, {volume: "repo", at: "/src"}}}}},
	{name: "image-volume", about: "kubernetes.io, an image as a volume", volumes: withToken(map[string]volume{"model": ofImage("alpine")}),
		containers: []container{{name: "main", image: "python", mounts: []mounted{serviceAccount, {volume: "model", at: "/models", readOnly: true}}}}},
	{name: "hostpath", about: "kubernetes.io, hostPath", volumes: withToken(map[string]volume{"logs": hostPath("/var/log/apps")}),
		containers: []container{{name: "main", image: "nginx", mounts: []mounted{serviceAccount, {volume: "logs", at: "/logs"}}}}},
	{name: "recursive-readonly", about: "kubernetes.io, recursiveReadOnly and propagation", volumes: withToken(map[string]volume{"pvc-2": claim}),
		containers: []container{{name: "main", image: "nginx", mounts: []mounted{serviceAccount, {volume: "pvc-2", at: "/data", readOnly: true, recursive: true},
			{volume: "pvc-2", at: "/data2", propagation: cri.MountPropagation_PROPAGATION_HOST_TO_CONTAINER}}}}},
	{name: "init", about: "kubernetes.io, init containers", volumes: withToken(map[string]volume{"work": emptyDir}),
		containers: []container{{name: "init-permissions", image: "busybox", user: number(0), args: []string{"chown", "-R", "999", "/data"}, mounts: []mounted{serviceAccount, {volume: "work", at: "/data"}}},
			{name: "redis", image: "redis", user: number(999), mounts: []mounted{serviceAccount, {volume: "work", at: "/data"}}}}},
	{name: "sidecar", about: "istio, an injected proxy", groups: []int64{1337}, volumes: withToken(map[string]volume{"istio-envoy": memoryDir, "istio-data": emptyDir, "istiod-ca-cert": configMap, "istio-podinfo": downwardAPI}),
		containers: []container{
			{name: "istio-proxy", image: "haproxy", user: number(1337), group: number(1337), drop: []string{"ALL"}, readOnlyRoot: true, cpu: 10, memory: 1 << 30, cpuLimit: 2000,
				mounts: []mounted{{volume: "istio-envoy", at: "/etc/istio/proxy"}, {volume: "istio-data", at: "/var/lib/istio/data"}, {volume: "istiod-ca-cert", at: "/var/run/secrets/istio"}, {volume: "istio-podinfo", at: "/etc/istio/pod"}, serviceAccount}},
			{name: "app", image: "python", mounts: []mounted{serviceAccount}}}},
	{name: "istio-init", about: "istio, its init container with NET_ADMIN",
		containers: []container{{name: "istio-init", image: "alpine", user: number(0), group: number(0), add: []string{"NET_ADMIN", "NET_RAW"}, drop: []string{"ALL"}}}},
	{name: "restricted", about: "Pod Security Standards, restricted", groups: []int64{2000}, volumes: withToken(map[string]volume{"tmp": emptyDir}), user: number(1000),
		containers: []container{restricted(container{name: "main", image: "node", readOnlyRoot: true, mounts: []mounted{serviceAccount, {volume: "tmp", at: "/tmp"}}})}},
	{name: "restricted-bind", about: "Pod Security Standards, restricted with NET_BIND_SERVICE", seccomp: runtimeDefault,
		containers: []container{restricted(container{name: "main", image: "caddy", add: []string{"NET_BIND_SERVICE"}})}},
	{name: "runtime-default", about: "kubernetes.io, seccompProfile RuntimeDefault", seccomp: runtimeDefault, containers: []container{{name: "main", image: "nginx"}}},
	{name: "unconfined", about: "kubernetes.io, seccompProfile Unconfined", seccomp: unconfined, containers: []container{{name: "main", image: "nginx"}}},
	{name: "user", about: "kubernetes.io, runAsUser, runAsGroup and fsGroup", user: number(1000), groups: []int64{2000, 4000},
		containers: []container{{name: "main", image: "busybox", user: number(2000), group: number(3000)}}},
	{name: "own-users", about: "kubernetes.io, hostUsers: false", ownUsers: true, volumes: withToken(map[string]volume{"data": emptyDir}),
		containers: []container{{name: "main", image: "busybox", mounts: []mounted{serviceAccount, {volume: "data", at: "/data"}}}}},
	{name: "sysctls", about: "kubernetes.io, safe sysctls", sysctls: map[string]string{"kernel.shm_rmid_forced": "0", "net.ipv4.ip_local_port_range": "1024 65000",
		"net.ipv4.tcp_syncookies": "1", "net.ipv4.ping_group_range": "0 2147483647", "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.tcp_keepalive_time": "600"},
		containers: []container{{name: "main", image: "nginx"}}},
	{name: "unsafe-sysctls", about: "kubernetes.io, sysctls that a kubelet must allow", sysctls: map[string]string{"net.core.somaxconn": "1024", "kernel.msgmax": "65536"},
		containers: []container{{name: "main", image: "redis"}}},
	{name: "shared-processes", about: "kubernetes.io, shareProcessNamespace", sharedPIDs: true,
		containers: []container{{name: "nginx", image: "nginx"}, {name: "shell", image: "busybox", stdin: true, tty: true}}},
	{name: "ptrace", about: "kubernetes.io, debug a pod with SYS_PTRACE", sharedPIDs: true,
		containers: []container{{name: "main", image: "nginx"}, {name: "debugger", image: "busybox", stdin: true, tty: true, add: []string{"SYS_PTRACE"}}}},
	{name: "ephemeral", about: "kubectl debug, profile general without SYS_PTRACE", containers: []container{{name: "main", image: "nginx"}, {name: "debugger-4x2vq", image: "alpine", stdin: true, tty: true}}},
	{name: "hostport", about: "kubernetes.io, hostPort", hostPort: 8080, containers: []container{{name: "main", image: "nginx"}}},
	{name: "job", about: "kubernetes.io, a Job", volumes: withToken(nil), containers: []container{{name: "pi", image: "python", args: []string{"python3", "-c", "pass"}, mounts: []mounted{serviceAccount}}}},
	{name: "gitlab-job", about: "gitlab-runner, a job of its Kubernetes executor", volumes: withToken(map[string]volume{"repo": emptyDir, "scripts": emptyDir, "logs": emptyDir}),
		containers: []container{{name: "init-permissions", image: "alpine", mounts: []mounted{{volume: "repo", at: "/builds"}, {volume: "scripts", at: "/scripts-42"}}},
			{name: "build", image: "node", stdin: true, mounts: []mounted{{volume: "repo", at: "/builds"}, {volume: "scripts", at: "/scripts-42"}, {volume: "logs", at: "/logs-42"}, serviceAccount}},
			{name: "helper", image: "gitlab-runner", stdin: true, mounts: []mounted{{volume: "repo", at: "/builds"}, serviceAccount}}}},
	{name: "postgres-operator", about: "zalando/postgres-operator, spilo", groups: []int64{103}, volumes: withToken(map[string]volume{"pgdata": claim, "dshm": memoryDir}),
		containers: []container{{name: "postgres", image: "postgres", cpu: 100, cpuLimit: 1000, memory: 500 << 20, mounts: []mounted{{volume: "pgdata", at: "/home/postgres/pgdata"}, {volume: "dshm", at: "/dev/shm"}, serviceAccount}}}},
	{name: "eck", about: "elastic/cloud-on-k8s, Elasticsearch", groups: []int64{1000}, volumes: map[string]volume{"data": claim, "logs": emptyDir, "config": secret, "scripts": configMap},
		containers: []container{
			restricted(container{name: "elastic-internal-init-filesystem", image: "elasticsearch", cpu: 100, memory: 50 << 20, mounts: []mounted{{volume: "data", at: "/usr/share/elasticsearch/data"}, {volume: "scripts", at: "/mnt/elastic-internal/scripts", readOnly: true}}}),
			restricted(container{name: "elasticsearch", image: "elasticsearch", memory: 2 << 30, mounts: []mounted{{volume: "data", at: "/usr/share/elasticsearch/data"}, {volume: "logs", at: "/usr/share/elasticsearch/logs"}, {volume: "config", at: "/mnt/elastic-internal/elasticsearch-config", readOnly: true}}})}},
	{name: "eck-sysctl", about: "elastic/cloud-on-k8s, the init container that sets vm.max_map_count", containers: []container{{name: "sysctl", image: "busybox", privileged: true, user: number(0), seccomp: unconfined}}},
	{name: "strimzi", about: "strimzi-kafka-operator, a broker", groups: []int64{0}, volumes: withToken(map[string]volume{"data-0": claim, "tmp": memoryDir, "certs": secret, "config": configMap}),
		containers: []container{restricted(container{name: "kafka", image: "kafka", mounts: []mounted{{volume: "data-0", at: "/var/lib/kafka/data-0"}, {volume: "tmp", at: "/tmp"}, {volume: "certs", at: "/opt/kafka/broker-certs"}, {volume: "config", at: "/opt/kafka/custom-config"}, serviceAccount}})}},
	{name: "ingress-nginx", about: "kubernetes/ingress-nginx, the controller", volumes: withToken(map[string]volume{"webhook-cert": secret}),
		containers: []container{{name: "controller", image: "nginx", user: number(101), group: number(82), add: []string{"NET_BIND_SERVICE"}, drop: []string{"ALL"}, seccomp: runtimeDefault, cpu: 100,
			mounts: []mounted{{volume: "webhook-cert", at: "/usr/local/certificates/", readOnly: true}, serviceAccount}}}},
	{name: "cert-manager", about: "cert-manager, the controller", volumes: withToken(nil), containers: []container{restricted(container{name: "controller", image: "prometheus", readOnlyRoot: true, mounts: []mounted{serviceAccount}})}},
	{name: "prometheus", about: "prometheus-operator, Prometheus with its reloader", groups: []int64{2000}, user: number(1000),
		volumes: withToken(map[string]volume{"config": secret, "config-out": memoryDir, "tls-assets": token, "db": claim}),
		containers: []container{
			restricted(container{name: "init-config-reloader", image: "prometheus", readOnlyRoot: true, mounts: []mounted{{volume: "config", at: "/etc/prometheus/config"}, {volume: "config-out", at: "/etc/prometheus/config_out"}, serviceAccount}}),
			restricted(container{name: "prometheus", image: "prometheus", readOnlyRoot: true, mounts: []mounted{{volume: "config-out", at: "/etc/prometheus/config_out", readOnly: true}, {volume: "tls-assets", at: "/etc/prometheus/certs", readOnly: true}, {volume: "db", at: "/prometheus", subPath: "prometheus-db"}, serviceAccount}})}},
	{name: "node-exporter", about: "prometheus-operator, node-exporter", hostNetwork: true, hostPID: true, volumes: map[string]volume{"sys": hostPath("/mnt/sys"), "root": hostPath("/mnt/root")},
		containers: []container{{name: "node-exporter", image: "node-exporter", readOnlyRoot: true, user: number(65534), drop: []string{"ALL"}, add: []string{"SYS_TIME"}, noNewPrivileges: true,
			mounts: []mounted{{volume: "sys", at: "/host/sys", readOnly: true}, {volume: "root", at: "/host/root", readOnly: true}}}}},
	{name: "host-ipc", about: "kubernetes.io, hostIPC", hostIPC: true, containers: []container{{name: "main", image: "busybox"}}},
	{name: "dind", about: "docker-in-docker, privileged", volumes: withToken(map[string]volume{"storage": emptyDir}), containers: []container{{name: "dind", image: "docker", privileged: true, mounts: []mounted{{volume: "storage", at: "/var/lib/docker"}, serviceAccount}}}},
	{name: "unmasked", about: "kubernetes.io, procMount: Unmasked in a user namespace", ownUsers: true, containers: []container{{name: "main", image: "busybox", unmasked: true}}},
}
