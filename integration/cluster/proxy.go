package cluster

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// proxyConfig is kube-proxy's. Limits of the kernel's table of connections are
// the machine's, which is nobody's to change here.
const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: %s
clientConnection: {kubeconfig: %q}
detectLocalMode: ClusterCIDR
clusterCIDR: %s
nftables: {minSyncPeriod: 0.1s}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
oomScoreAdj: 0
`

// proxyHealth is where kube-proxy says that it has written its rules.
const proxyHealth = "10256"

// StartProxy starts kube-proxy, and waits until it listens for who asks how it
// is. What a service is shows in the node's rules soon after it is made.
func (c *Cluster) StartProxy(ctx context.Context) error {
	text := fmt.Appendf(nil, proxyConfig, NodeName, c.path("kubeconfig"), pods.Subnet)
	if err := os.WriteFile(c.path("proxy.yaml"), text, 0o600); err != nil {
		return err
	}
	var err error
	if c.proxy, err = c.run("kube-proxy", "--config="+c.path("proxy.yaml"), "--v=2"); err != nil {
		return err
	}
	return c.proxy.await(ctx, "it does not listen", func() bool {
		connection, err := c.Dial(ctx, "tcp", net.JoinHostPort(pods.Address, proxyHealth))
		if err != nil {
			return false
		}
		connection.Close()
		return true
	})
}

// StopProxy ends kube-proxy, if it was started. Its rules stay.
func (c *Cluster) StopProxy() error {
	if c.proxy == nil {
		return nil
	}
	err := c.proxy.cmd.Process.Kill()
	<-c.proxy.ended
	return err
}
