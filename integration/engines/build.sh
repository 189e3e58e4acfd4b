#!/bin/sh
# Builds the pinned engine of this module (containerd, ctr, its runc shim, runc)
# into the folder $1, as upstream builds them. The folder appears whole or not
# at all, so a build that was interrupted is made again.
set -eu

target=$1
cd "$(dirname "$0")"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

containerd=github.com/containerd/containerd/v2/cmd
echo "building containerd and ctr (once, about two minutes)"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$work/" $containerd/containerd $containerd/ctr
echo "building the stock shim"
CGO_ENABLED=0 go build -trimpath -tags no_grpc -ldflags "-s -w" -o "$work/" $containerd/containerd-shim-runc-v2
echo "building runc"
CGO_ENABLED=1 go build -trimpath -tags seccomp -ldflags "-s -w" -o "$work/" github.com/opencontainers/runc

# Another make may have been faster; its build is as good.
mv -T "$work" "$target" 2>/dev/null || [ -x "$target/runc" ]
