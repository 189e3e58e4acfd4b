#!/bin/sh
# Builds the pinned Kubernetes of this module (etcd, kube-apiserver, kubelet and
# kube-proxy) into the folder $1, as upstream builds them. The folder appears
# whole or not at all, so a build that was interrupted is made again: from Go's
# own cache, where it was.
set -eu

target=$1
cd "$(dirname "$0")"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
# What the servers say of themselves; it does not come from the module's version.
stamp="-X k8s.io/component-base/version.gitVersion=$version"

# One at a time: linking the larger two takes a few GiB of memory each.
build() {
	name=$1
	package=$2
	echo "building $name"
	CGO_ENABLED=0 nice -n 5 go build -trimpath -tags selinux,notest,grpcnotrace -ldflags "-s -w $stamp" -o "$work/$name" "$package"
}
echo "Kubernetes $version (once, six to ten minutes on two CPUs)"
build etcd go.etcd.io/etcd/server/v3
build kubelet k8s.io/kubernetes/cmd/kubelet
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-proxy k8s.io/kubernetes/cmd/kube-proxy

# Another make may have been faster; its build is as good.
mv -T "$work" "$target" 2>/dev/null || [ -x "$target/kubelet" ]
