#!/bin/sh
# Installs Debian's packages $2… where they are missing, for what $1 says. No
# service is among them.
set -eu

what=$1
shift
[ $# -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null; then
	echo "$what needs $* (Debian's names), and this machine has no apt-get; install them" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "$what needs $*; run as root, or: apt-get install --no-install-recommends $*" >&2
	exit 1
fi
echo "installing $*"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends "$@" >/dev/null
