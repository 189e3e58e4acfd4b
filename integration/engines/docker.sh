#!/bin/sh
# Builds the pinned dockerd of the module docker, the proxy of its published
# ports and its client into the folder $1. It appears whole or not at all, so a
# build that was interrupted is made again.
set -eu

target=$1
cd "$(dirname "$0")/docker"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

moby=github.com/moby/moby/v2
version=$(go list -m -f '{{.Version}}' $moby)
echo "building dockerd $version (once, about four minutes)"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X $moby/dockerversion.Version=$version" -o "$work/" $moby/cmd/dockerd $moby/cmd/docker-proxy
echo "building docker"
# Its module has no go.mod, which would mean Go 1.16.
CGO_ENABLED=0 go build -trimpath -gcflags=github.com/docker/cli/...=-lang=go1.25 -ldflags "-s -w" -o "$work/" github.com/docker/cli/cmd/docker

# Another make may have been faster; its build is as good.
mv -T "$work" "$target" 2>/dev/null || [ -x "$target/dockerd" ]
