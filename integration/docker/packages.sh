#!/bin/sh
# Installs what Docker and the tests of its networks need, where it is missing.
set -eu

missing=
command -v iptables >/dev/null || missing="$missing iptables"
command -v ip >/dev/null || missing="$missing iproute2"
# shellcheck disable=SC2086 # a list of names
"$(dirname "$0")/../install.sh" "Docker" $missing
