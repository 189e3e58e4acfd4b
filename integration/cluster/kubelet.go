package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// ResolverAddress is where a DNS cache of the node's own listens, as that of
// Kubernetes' NodeLocal DNSCache does. Pods are told to ask it.
const ResolverAddress = "169.254.20.10"

// kubeletConfig is the kubelet's, as a person would write it for a small node,
// and quicker to look where it looks again and again.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://%s
cgroupDriver: cgroupfs
cgroupRoot: /%s
clusterDNS: [` + ResolverAddress + `]
clusterDomain: cluster.local
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
enforceNodeAllocatable: [pods]
evictionHard: {memory.available: 1Mi, nodefs.available: 1%%, imagefs.available: 1%%}
failCgroupV1: false
failSwapOn: false
fileCheckFrequency: 1s
httpCheckFrequency: 1s
localStorageCapacityIsolation: true
makeIPTablesUtilChains: false
nodeStatusReportFrequency: 1s
nodeStatusUpdateFrequency: 1s
serializeImagePulls: false
staticPodPath: ""
syncFrequency: 5s
volumePluginDir: /var/lib/kubelet/volume-plugins
volumeStatsAggPeriod: 1s
`

const kubeconfig = `apiVersion: v1
kind: Config
current-context: cluster
clusters: [{name: cluster, cluster: {server: "https://%s", certificate-authority: %q}}]
users: [{name: kubelet, user: {token: %q}}]
contexts: [{name: cluster, context: {cluster: cluster, user: kubelet}}]
`

func (c *Cluster) writeKubelet() error {
	return errors.Join(
		os.WriteFile(c.path("kubelet.yaml"), fmt.Appendf(nil, kubeletConfig, c.Socket(), c.Cgroup()), 0o600),
		os.WriteFile(c.path("kubeconfig"), fmt.Appendf(nil, kubeconfig, net.JoinHostPort(pods.Address, port), c.path("pki/apiserver.crt"), c.token), 0o600))
}
