#!/bin/sh
# Unpacks Debian's containerd, runc, Docker, Podman, CNI plugins and busybox into the
# folder $1. They are not installed: an installed containerd or Docker would start
# as a service and replace Docker's own package, and busybox-static the machine's
# busybox.
set -eu

target=$1
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

packages="containerd runc docker.io tini containernetworking-plugins busybox-static"
# What Podman and Buildah need, with the libraries that a server may lack.
packages="$packages podman buildah conmon golang-github-containers-common golang-github-containers-image libgpgme11 libassuan0 libsubid4 libyajl2"
if ! command -v apt-get >/dev/null; then
	echo "the tests need Debian's packages $packages, and this machine has no apt-get; run them on Debian 12" >&2
	exit 1
fi
echo "unpacking Debian's containerd, runc, Docker, Podman, CNI plugins and busybox (once)"
fetch() {
	# shellcheck disable=SC2086 # a list of names
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download $packages)
}
# Lists that are missing or too old need an update, which needs root.
if ! fetch 2>/dev/null; then
	apt-get -qq update
	fetch
fi
for package in "$work"/*.deb; do
	dpkg-deb -x "$package" "$work"
	rm "$package"
done

mv -T "$work" "$target" 2>/dev/null || [ -x "$target/usr/bin/containerd" ]
