#!/bin/bash
# Formatting, vet, staticcheck, and the rules of the house that a grep can tell.
# Prints what is wrong and ends with 1 if anything is.
set -u
cd "$(dirname "$0")/.."
bad=0

# complain prints what breaks a rule, if anything does.
complain() {
	[ -z "$2" ] && return
	printf '%s:\n%s\n' "$1" "$2"
	bad=1
}

sources=$(find . -name '*.go' -not -path './bin/*' | cut -c3- | sort)
product=$(grep -v -e '_test\.go$' -e '^integration/' <<<"$sources")

complain "not formatted; run gofmt -w" "$(gofmt -l $sources)"
complain "go vet" "$(go vet ./... 2>&1 | grep -v '^#')"
complain "staticcheck" "$(go tool staticcheck ./... 2>&1)"
complain "unsafe is used nowhere" "$(grep -n '^\s*\(import \)\?"unsafe"' $sources)"
# A delegate is executed through one door. The shim starts itself, and brings
# the reaper's way of waiting for a child.
complain "exec.Command belongs in runtime/" \
	"$(grep -n 'exec\.Command' $product | grep -v -e '^runtime/' -e '^shim/start\.go:' -e '^shim/reaper\.go:')"
complain "a file has at most 400 lines" "$(wc -l $sources | awk '$1 > 400 && $2 != "total"')"
complain "work is done or not begun; no notes to do it" "$(grep -nE '\b(TODO|FIXME|XXX)\b' $sources)"
exit $bad
