#!/bin/sh
# Builds the pinned nerdctl into the folder $1, with the dependencies that its own
# go.mod and go.sum pin. It appears whole or not at all, so a build that was
# interrupted is made again.
set -eu

module=github.com/containerd/nerdctl/v2
version=v2.2.2
sum=h1:wW+nrriM86rZkItsuhq0CtmS4re3eRSs7u8P2Cit4NM=
target=$1
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "building nerdctl $version (once, about a minute and a half)"
cd "$work" # a tree of its own, not of this module
download=$(go mod download -json "$module@$version")
case $download in
*"\"Sum\": \"$sum\""*) ;;
*)
	echo "nerdctl $version is not the one that was pinned: $download" >&2
	exit 1
	;;
esac
source=$(go env GOMODCACHE)/$module@$version
cp -R "$source" source
chmod -R u+w source
mkdir bin
cd source
# The parts that only its tests need are of a module that is not published.
rm cmd/nerdctl/helpers/testing_linux.go
mkdir -p mod/tigron
echo "module github.com/containerd/nerdctl/mod/tigron" >mod/tigron/go.mod
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o ../bin/ ./cmd/nerdctl
cd "$work"
# Another make may have been faster; its build is as good.
mv -T bin "$target" 2>/dev/null || [ -x "$target/nerdctl" ]
