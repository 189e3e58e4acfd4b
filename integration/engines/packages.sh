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
# shellcheck disable=SC2086 # a list of names
"$(dirname "$0")/../install.sh" "building runc" $missing
