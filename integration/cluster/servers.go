package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

// issuer stands in the tokens of service accounts.
const issuer = "https://kubernetes.default.svc"

// writeKeys writes the key of service accounts' tokens, and the tokens of the
// cluster's only two users.
func (c *Cluster) writeKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	c.token = rand.Text()
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	users := fmt.Sprintf("%s,admin,admin,system:masters\n", c.token)
	return errors.Join(
		os.WriteFile(c.path("accounts.key"), pem.EncodeToMemory(block), 0o600),
		os.WriteFile(c.path("tokens.csv"), []byte(users), 0o600))
}

// startServers starts etcd and the API server, and waits until that is ready.
// There is no scheduler and no controller manager: who makes a pod names its node.
func (c *Cluster) startServers(ctx context.Context) error {
	const clients, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	if _, err := c.run("etcd",
		"--data-dir="+c.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+clients, "--advertise-client-urls="+clients,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers); err != nil {
		return err
	}
	key := c.path("accounts.key")
	server, err := c.run("kube-apiserver",
		"--etcd-servers="+clients, "--cert-dir="+c.path("pki"), "--bind-address="+pods.Address, "--advertise-address="+pods.Address,
		"--token-auth-file="+c.path("tokens.csv"), "--anonymous-auth=false", "--authorization-mode=AlwaysAllow",
		"--service-account-issuer="+issuer, "--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		"--service-cluster-ip-range=10.96.0.0/24", "--allow-privileged=true", "--kubelet-preferred-address-types=InternalIP")
	if err != nil {
		return err
	}
	return server.await(ctx, "it does not listen", func() bool {
		connection, err := c.Dial(ctx, "tcp", net.JoinHostPort(pods.Address, port))
		if err != nil {
			return false
		}
		connection.Close()
		return true
	})
}
