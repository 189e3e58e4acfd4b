package main

const help = `bulkhead-runc runs containers for engines that run runc themselves, as the
tenant that owns them may have them.

Usage:
  bulkhead-runc [--bulkhead-tenant NAME] [runc's global flags] COMMAND [flags] ID

Commands are runc's: create, run, start, exec, update, kill, delete, state, ps,
pause, resume, events, list, features, spec, checkpoint. restore is refused.

Whose a container is:
  --bulkhead-tenant NAME          the tenant that the engine's operator names
  /etc/bulkhead/handlers/X.toml   tenant = "NAME", root's own file, where X is the
                                  name that this program is run by: a link to it
                                  makes a runtime of its own for a tenant
  NodePolicy.builds.tenant        a step of an image build that neither names
  NodePolicy.defaultTenant        any other container that neither names

Where the first two disagree, or nothing names a tenant, the container is
refused. Everybody who may run it, or who holds the socket of an engine that
does, can name any tenant: it is the node's root.

Examples:
  # docker build, in the environment of dockerd (a drop-in of docker.service)
  DOCKER_BUILDKIT_RUNC_COMMAND=/usr/local/bin/bulkhead-runc

  # BuildKit's own daemon
  buildkitd --oci-worker-binary /usr/local/bin/bulkhead-runc

  # Podman and Buildah
  podman --runtime /usr/local/bin/bulkhead-runc --runtime-flag bulkhead-tenant=acme run IMAGE
  buildah run --runtime /usr/local/bin/bulkhead-runc --runtime-flag bulkhead-tenant=acme CONTAINER COMMAND

Global flags:
  --bulkhead-tenant NAME   the tenant of what is created
  --root FOLDER            names the engine's containers apart from those of
                           others; their state is in Bulkhead's own folder
  --log FILE               where errors are written, too
  --log-format FORMAT      text (default) or json
  --debug                  have the delegate log more
  --systemd-cgroup, --rootless, --criu, --cgroup-manager
                           accepted and not used: the node decides these
  --version, --help

BULKHEAD_ROOT in the environment moves all of Bulkhead's own folders.
`
