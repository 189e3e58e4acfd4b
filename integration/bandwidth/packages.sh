#!/bin/sh
# Installs what the tests of networks load and show rules with, where it is
# missing.
set -eu

missing=
command -v nft >/dev/null || missing="$missing nftables"
command -v tc >/dev/null || missing="$missing iproute2"
# shellcheck disable=SC2086 # a list of names
"$(dirname "$0")/../install.sh" "testing networks" $missing
