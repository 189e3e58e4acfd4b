#!/bin/sh
# Builds the pinned runsc of the module gvisor into the folder $1. It appears
# whole or not at all, so a build that was interrupted is made again.
set -eu

target=$1
cd "$(dirname "$0")/gvisor"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Its branch "go" is made from the commit of that date; a build of its own
# release has "release-20260905.0" here.
version=$(go list -m -f '{{.Version}}' gvisor.dev/gvisor)
echo "building runsc $version (once, about two minutes)"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X gvisor.dev/gvisor/runsc/version.version=$version" -o "$work/" gvisor.dev/gvisor/runsc

# Another make may have been faster; its build is as good.
mv -T "$work" "$target" 2>/dev/null || [ -x "$target/runsc" ]
