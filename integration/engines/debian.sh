#!/bin/sh
# Unpacks Debian's containerd, runc and busybox into the folder $1. They are not
# installed: an installed containerd would start as a service, replace Docker's
# own package, and busybox-static the machine's busybox.
set -eu

target=$1
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if ! command -v apt-get >/dev/null; then
	echo "the tests need Debian's packages containerd, runc and busybox-static, and this machine has no apt-get; run them on Debian 12" >&2
	exit 1
fi
echo "unpacking Debian's containerd, runc and busybox (once)"
fetch() {
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download containerd runc busybox-static)
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
