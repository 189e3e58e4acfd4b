#!/bin/sh
# Puts what `make build` made into the folders of $DESTDIR$PREFIX: programs,
# completions, manual pages and systemd's units. With "remove" it takes them away
# again.
set -eu

prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}$prefix
if [ "${1:-}" = remove ] && [ -z "${DESTDIR:-}" ]; then # an engine that is set up for the shim starts nothing without it
	for engine in containerd docker; do
		[ ! -e "/var/lib/bulkhead/install/$engine/installed.json" ] || {
			echo "$engine is set up for bulkhead; run first: bulkhead uninstall $engine" >&2
			exit 1
		}
	done
fi
case $root in /*) ;; *) root=$PWD/$root ;; esac
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Everything is laid out here first, so that what is removed is what is put.
lay() { install -D -m "$1" "$2" "$work/$3"; }
for program in containerd-shim-bulkhead-v2 bulkhead bulkhead-runc; do
	lay 0755 "bin/$program" "bin/$program"
done
for unit in bulkhead-gc.service bulkhead-gc.timer; do
	sed "s|@BIN@|$prefix/bin|" "$here/units/$unit" >"$work/unit"
	lay 0644 "$work/unit" "lib/systemd/system/$unit"
done
rm "$work/unit"
complete() {
	bin/bulkhead completion "$1" >"$work/completion"
	lay 0644 "$work/completion" "share/$2"
	rm "$work/completion"
}
complete bash bash-completion/completions/bulkhead
complete zsh zsh/site-functions/_bulkhead
complete fish fish/vendor_completions.d/bulkhead.fish
mkdir -p "$work/share/man/man8"
bin/bulkhead-man man "$work/share/man/man8"
gzip -9n "$work"/share/man/man8/*

cd "$work"
find . -type f | sort | while read -r file; do
	file=${file#./}
	case ${1:-} in
	remove) rm -f "$root/$file" ;;
	*)
		# Whole, under a new inode: a shim that runs keeps its own program.
		install -D -m "$(stat -c %a "$file")" "$file" "$root/$file.new"
		mv -f "$root/$file.new" "$root/$file"
		;;
	esac
done
