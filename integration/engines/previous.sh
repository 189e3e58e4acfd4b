#!/bin/sh
# Builds Bulkhead of an earlier commit, $2, into the folder $1: what an upgrade
# comes from. Without that commit, in a clone that is shallow, there is no such
# folder.
set -eu

target=$1
commit=$2
cd "$(dirname "$0")/../.."
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if ! git cat-file -e "$commit^{commit}" 2>/dev/null; then
	echo "this clone has no commit $commit: upgrades are not tested" >&2
	exit 0
fi
mkdir "$work/source" "$work/bin"
echo "building Bulkhead of $commit (once)"
git archive "$commit" | tar -x -C "$work/source"
make -C "$work/source" VERSION="$commit" build
mv "$work/source/bin/bulkhead" "$work/source/bin/containerd-shim-bulkhead-v2" "$work/bin/"
mv -T "$work/bin" "$target" 2>/dev/null || [ -d "$target" ]
