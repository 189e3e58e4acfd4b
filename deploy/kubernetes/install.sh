#!/bin/sh
# Puts Bulkhead on the node whose root is at $HOST: the two programs of this
# image, containerd's runtime handler, and the policy. Run again, it changes what
# differs.
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

# What containerd needs is known to bulkhead: it shows it, and changes nothing if
# it is there. Pods go on running when containerd restarts.
restart=
[ "${RESTART:-}" != containerd ] || restart=--restart
chroot "$host" /usr/local/bin/bulkhead install containerd --cri $restart
