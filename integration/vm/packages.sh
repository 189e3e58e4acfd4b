#!/bin/sh
# Installs what the VM needs on the host, where it is missing: QEMU, and the
# programs that make a disk of Debian's packages. No service is installed.
set -eu

missing=
command -v qemu-system-x86_64 >/dev/null || missing="$missing qemu-system-x86"
command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
command -v mke2fs >/dev/null || missing="$missing e2fsprogs"
# shellcheck disable=SC2086 # a list of names
"$(dirname "$0")/../install.sh" "the VM" $missing
