#!/bin/sh
# Installs what building runc needs, where it is missing: a C compiler and
# libseccomp. Nothing else is installed, and no service.
set -eu

missing=
have() { printf '#include <%s>\n' "$1" | gcc -E - >/dev/null 2>&1; }
command -v gcc >/dev/null || missing="$missing gcc"
have stdlib.h || missing="$missing libc6-dev"
have seccomp.h || missing="$missing libseccomp-dev"
command -v pkg-config >/dev/null || missing="$missing pkg-config"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "building runc needs$missing (Debian's names), and this machine has no apt-get; install them" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "building runc needs$missing; run as root, or: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # a list of names
apt-get -qq install -y --no-install-recommends $missing >/dev/null
