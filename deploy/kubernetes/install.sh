#!/bin/sh
# Puts Bulkhead on the node whose root is at $HOST: the two programs of this
# image, containerd's runtime handler, and the policy. Run again, it changes what
# differs. Only containerd 2.x is configured here: what 1.x imports replaces its
# CRI section instead of adding to it.
set -eu
host=${HOST:-/host}
programs=${PROGRAMS:-/usr/local/bin}

# same tells whether a file is there already, as it shall be.
same() { [ -f "$2" ] && cmp -s "$1" "$2"; }

# put puts a file in its place whole: a shim that runs keeps its own program.
put() {
	same "$1" "$3" && return
	mkdir -p "$(dirname "$3")"
	cp "$1" "$3.new"
	chmod "$2" "$3.new"
	mv -f "$3.new" "$3"
	echo "installed ${3#"$host"}"
}

for program in containerd-shim-bulkhead-v2 bulkhead; do
	put "$programs/$program" 0755 "$host/usr/local/bin/$program"
done

# The policy before the handler: without one, no pod of a tenant starts.
put /policy/policy.yaml 0644 "$host/etc/bulkhead/policy.yaml"
chroot "$host" /usr/local/bin/bulkhead apply --prune -f /etc/bulkhead/policy.yaml

config=$host/etc/containerd/config.toml
dropin=$host/etc/containerd/conf.d/bulkhead.toml
if ! grep -Eq '^version *= *[34]$' "$config" || ! grep -Eq '^imports *=.*"/etc/containerd/conf\.d/\*\.toml"' "$config"; then
	echo "/etc/containerd/config.toml is not of version 3 or 4 with imports = [\"/etc/containerd/conf.d/*.toml\"]; add that, or the handler by hand as docs/kubernetes.md shows" >&2
	exit 1
fi
handler=$(mktemp)
trap 'rm -f "$handler"' EXIT
cat >"$handler" <<'TOML'
version = 3

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.bulkhead]
  runtime_type = "io.containerd.runc.v2"
  runtime_path = "/usr/local/bin/containerd-shim-bulkhead-v2"
TOML
same "$handler" "$dropin" && exit
put "$handler" 0644 "$dropin"
case ${RESTART:-} in
containerd) chroot "$host" systemctl restart containerd ;; # pods go on running
*) echo "restart containerd on this node, or set RESTART=containerd" ;;
esac
