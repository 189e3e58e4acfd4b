package pods

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/util/httpstream/spdy" //lint:ignore SA1019 client-go 0.37 takes connections of this package only
	"k8s.io/client-go/tools/remotecommand"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ExecStream runs a command in the container with streams, as `kubectl exec -i`
// does.
func (c *Container) ExecStream(ctx context.Context, streams remotecommand.StreamOptions, argv ...string) error {
	said, err := c.pod.n.Runtime.Exec(ctx, &cri.ExecRequest{ContainerId: c.ID, Cmd: argv, Stdin: streams.Stdin != nil, Stdout: streams.Stdout != nil, Stderr: streams.Stderr != nil, Tty: streams.Tty})
	if err != nil {
		return err
	}
	err = c.pod.n.stream(ctx, said.Url, streams)
	c.pod.n.counts.add(&c.pod.n.counts.execs, err)
	return err
}

// Attach connects to the streams of the container's first process, as `kubectl
// attach -i` does.
func (c *Container) Attach(ctx context.Context, streams remotecommand.StreamOptions) error {
	said, err := c.pod.n.Runtime.Attach(ctx, &cri.AttachRequest{ContainerId: c.ID, Stdin: streams.Stdin != nil, Stdout: streams.Stdout != nil, Stderr: streams.Stderr != nil, Tty: streams.Tty})
	if err != nil {
		return err
	}
	return c.pod.n.stream(ctx, said.Url, streams)
}

// stream connects to an address that containerd's streaming server gave.
func (n *Node) stream(ctx context.Context, address string, streams remotecommand.StreamOptions) error {
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	// The one that client-go would make dials from the process's own namespace.
	dialer, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{UpgradeTransport: &http.Transport{DialContext: n.Dial}})
	if err != nil {
		return err
	}
	executor, err := remotecommand.NewSPDYExecutorForTransports(dialer, dialer, http.MethodPost, at)
	if err != nil {
		return err
	}
	if err := executor.StreamWithContext(ctx, streams); err != nil {
		return fmt.Errorf("stream of %s: %w", at.Path, err)
	}
	return nil
}
