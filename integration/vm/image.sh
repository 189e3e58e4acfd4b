#!/bin/sh
# Makes the VM's kernel, initramfs and system disk in the folder $1, of Debian's
# packages. Nothing is mounted, and nothing of it is installed on this machine.
# The folder appears whole or not at all.
set -eu

target=$1
guest=$(realpath "$(dirname "$0")/guest")
if [ "$(id -u)" != 0 ]; then
	echo "making the VM's disk needs root: its files are root's" >&2
	exit 1
fi
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
chmod 0755 "$work"
root=$work/root

echo "making the VM's disk of Debian's packages (once, about half a minute)"
without() { printf -- "--dpkgopt=path-exclude=%s " "$@"; }
# shellcheck disable=SC2046 # a list of options
mmdebstrap --quiet --mode=root --variant=essential \
	--include=systemd-sysv,dbus,crun,kmod,iproute2,iptables,libdevmapper1.02.1,procps,busybox-static \
	$(without '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/info/*') \
	bookworm "$root"

# The kernel's own package would bring initramfs-tools and a boot loader.
fetch() {
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download \
		"$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p')")
}
# Lists that are missing or too old need an update.
if ! fetch 2>/dev/null; then
	apt-get -qq update
	fetch
fi
mkdir "$work/kernel"
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
mv "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"
mv "$work/kernel/lib/modules" "$root/usr/lib/"
release=$(ls "$root/usr/lib/modules")
chroot "$root" depmod "$release"

lib=$root/usr/local/lib/bulkhead-vm
install -D -m 0755 -t "$lib" "$guest/init" "$guest/tests"
install -D -m 0644 -t "$root/etc/systemd/system/" "$guest/bulkhead-tests.service"
mkdir -p "$root/bulkhead" "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../bulkhead-tests.service "$root/etc/systemd/system/multi-user.target.wants/"
echo vm >"$root/etc/hostname"
echo "127.0.0.1 localhost" >"$root/etc/hosts"
: >"$root/etc/resolv.conf" # clients of containerd mount it
: >"$root/etc/machine-id" # systemd makes one at each boot

# The disk's own driver is a module, so an initramfs has to load it.
initramfs=$root/initramfs
mkdir -p "$initramfs/bin" "$initramfs/modules"
install -m 0755 "$guest/initramfs" "$initramfs/init"
cp "$root/bin/busybox" "$initramfs/bin/"
number=10 # names in the order of loading
for module in virtio_pci virtio_blk; do
	chroot "$root" modprobe --set-version "$release" --show-depends "$module"
done | awk '!seen[$2]++ { print $2 }' | while read -r file; do
	cp "$root/$file" "$initramfs/modules/$number-${file##*/}"
	number=$((number + 1))
done
chroot "$root" sh -c 'cd /initramfs && busybox find . | busybox cpio -o -H newc' >"$work/initramfs" 2>"$work/log"
rm -r "$initramfs"

truncate -s 2G "$work/system"
mke2fs -q -t ext4 -L bulkhead-system -d "$root" "$work/system"
rm -r "$root" "$work/kernel" "$work/log" "$work"/*.deb

# Another make may have been faster; its image is as good.
mv -T "$work" "$target" 2>/dev/null || [ -e "$target/system" ]
