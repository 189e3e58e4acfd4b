#!/bin/sh
# Installs what the VM needs on the host, where it is missing: QEMU, and the
# programs that make a disk of Debian's packages. No service is installed.
set -eu

missing=
command -v qemu-system-x86_64 >/dev/null || missing="$missing qemu-system-x86"
command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
command -v mke2fs >/dev/null || missing="$missing e2fsprogs"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "the VM needs$missing (Debian's names), and this machine has no apt-get; run the tests on Debian 12" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "the VM needs$missing; run as root, or: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # a list of names
apt-get -qq install -y --no-install-recommends $missing >/dev/null
