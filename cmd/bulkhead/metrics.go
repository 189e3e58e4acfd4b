package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
)

const defaultListen = "127.0.0.1:9476"

func metricsCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "metrics [--listen ADDRESS:PORT]",
		Short: "serves what tenants use and were denied, for Prometheus",
		Long: `Serves /metrics in the format of OpenMetrics or Prometheus, whichever is asked
for: per tenant what "bulkhead top" shows, and how often requests were denied, as
the audit log has it. It serves until it is told to end.

A tenant's figures include those of the tenants below it: to add up a node, take
those without a parent (bulkhead_tenant_info). Counts never fall while it runs.

There is no password. On the default address every user of the node can read the
tenants' names and what they use; on another, whoever reaches it can.`,
		Example: "  bulkhead metrics --listen 127.0.0.1:9476",
		Args:    between(0, 0),
	}
	cmd.Flags().StringVar(&listen, "listen", defaultListen, "address and port; port 0: a free one")
	must(cmd.RegisterFlagCompletionFunc("listen", cobra.FixedCompletions([]string{defaultListen}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
		defer stop()
		l, err := listenOn(listen)
		if err != nil {
			return err
		}
		defer l.Close()
		c := newCollector(here())
		if err := c.readable(); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "serving http://%s/metrics\n", l.Addr())
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			fmt.Fprintf(cmd.ErrOrStderr(), "whoever reaches %s can read the tenants' names and what they use\n", l.Addr())
		}
		return serve(ctx, l, c, cmd.ErrOrStderr())
	}
	return cmd
}

// listenOn opens an address, of which it says what is wrong with it.
func listenOn(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || net.ParseIP(host) == nil && host != "localhost" {
		return nil, fmt.Errorf("--listen is %q, want an IP address and a port, as %s", address, defaultListen)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || strings.TrimLeft(port, "0123456789") != "" || n < 0 {
		return nil, fmt.Errorf("--listen has the port %q, want a number from 0 to 65535", port)
	}
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another process; choose another with --listen", address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// serve answers until the context ends, and then those who are being answered.
func serve(ctx context.Context, l net.Listener, c *collector, errs io.Writer) error {
	logger := log.New(errs, "bulkhead: ", 0)
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: logger, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true, MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "bulkhead: see /metrics") })
	server := &http.Server{
		Handler: mux, ErrorLog: logger,
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	follow := time.NewTicker(auditInterval)
	defer follow.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-follow.C:
			c.follow()
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := server.Shutdown(ctx); err != nil {
				return cmp.Or(server.Close(), err)
			}
			return nil
		}
	}
}
