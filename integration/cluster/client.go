package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream/spdy" //lint:ignore SA1019 client-go 0.37 takes connections of this package only
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/bulkhead-dev/bulkhead/integration/node"
	"github.com/bulkhead-dev/bulkhead/integration/pods"
)

const port = "6443"

// connectClient waits until the API server answers.
func (c *Cluster) connectClient(ctx context.Context) error {
	certificate, err := os.ReadFile(c.path("pki/apiserver.crt"))
	if err != nil {
		return err
	}
	c.Config = &rest.Config{
		Host: "https://" + net.JoinHostPort(pods.Address, port), BearerToken: c.token, Dial: c.Dial,
		TLSClientConfig: rest.TLSClientConfig{CAData: certificate},
		QPS:             -1,
	}
	if c.API, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	var last error
	err = node.Await(ctx, func() bool {
		_, last = c.API.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return last == nil
	})
	if err != nil {
		return fmt.Errorf("the API server is not ready: %w", last)
	}
	return nil
}

// Exec runs a command in a container, as `kubectl exec` does.
func (c *Cluster) Exec(ctx context.Context, namespace, pod, container string, argv ...string) (stdout string, err error) {
	request := c.API.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: argv, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	tls, err := rest.TLSConfigFor(c.Config)
	if err != nil {
		return "", err
	}
	// The one that client-go would make dials from the process's own namespace.
	dialer, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{UpgradeTransport: &http.Transport{DialContext: c.Dial, TLSClientConfig: tls}})
	if err != nil {
		return "", err
	}
	authorized, err := rest.HTTPWrappersForConfig(c.Config, dialer)
	if err != nil {
		return "", err
	}
	stream, err := remotecommand.NewSPDYExecutorForTransports(authorized, dialer, http.MethodPost, request.URL())
	if err != nil {
		return "", err
	}
	var out, errors bytes.Buffer
	err = stream.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errors})
	if err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, errors.String())
	}
	return out.String(), nil
}
