#!/bin/sh
# Builds the containerd and the ctr that the module of the folder $2 pins, as
# upstream builds them, into the folder $1. It appears whole or not at all, so a
# build that was interrupted is made again.
set -eu

target=$1
series=$2
cd "$(dirname "$0")/$series"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

module=github.com/containerd/containerd
[ "$series" = 1.7 ] || module=$module/v2
version=$(go list -m -f '{{.Version}}' $module)
echo "building containerd $version and its ctr (once, about a minute)"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$work/" $module/cmd/containerd $module/cmd/ctr

# Another make may have been faster; its build is as good.
mv -T "$work" "$target" 2>/dev/null || [ -x "$target/ctr" ]
