// Package cni connects network namespaces by the plugins of the Container
// Network Interface. It trusts the configuration and the plugins, which are the
// operator's. The shim does not link it.
package cni

import (
	"context"
	"fmt"
	"os"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
)

// folders are where CNI's plugins are: those of the CNI project's own archives,
// of Fedora and of Debian.
var folders = []string{"/opt/cni/bin", "/usr/libexec/cni", "/usr/lib/cni"}

// An Attachment is a network namespace with what connects it.
type Attachment struct {
	ID        string // CNI's "container"
	Namespace string // path
	Conflist  string // path of a network configuration list
	Cache     string // folder for what CNI has to remember
}

const inside = "eth0" // the interface's name in the namespace

// Add connects the namespace.
func (a Attachment) Add(ctx context.Context) error {
	network, list, err := a.load()
	if err != nil {
		return err
	}
	_, err = network.AddNetworkList(ctx, list, a.conf())
	return err
}

// Del disconnects it. It may be gone, or never have been connected.
func (a Attachment) Del(ctx context.Context) error {
	network, list, err := a.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(a.Namespace); err != nil {
		a.Namespace = "" // plugins then free what is outside of it
	}
	return network.DelNetworkList(ctx, list, a.conf())
}

func (a Attachment) load() (*libcni.CNIConfig, *libcni.NetworkConfigList, error) {
	list, err := libcni.ConfListFromFile(a.Conflist)
	if err != nil {
		return nil, nil, fmt.Errorf("read the CNI configuration list: %w", err)
	}
	return libcni.NewCNIConfigWithCacheDir(folders, a.Cache, nil), list, nil
}

func (a Attachment) conf() *libcni.RuntimeConf {
	return &libcni.RuntimeConf{ContainerID: a.ID, NetNS: a.Namespace, IfName: inside}
}

// Lacks reads a network configuration list and returns the plugins that it names
// and that are not installed, with the folders where they would be.
func Lacks(conflist string) (plugins, where []string, err error) {
	list, err := libcni.ConfListFromFile(conflist)
	if err != nil {
		return nil, folders, err
	}
	for _, p := range list.Plugins {
		for _, name := range []string{p.Network.Type, p.Network.IPAM.Type} {
			if _, err := invoke.FindInPath(name, folders); name != "" && err != nil {
				plugins = append(plugins, name)
			}
		}
	}
	return plugins, folders, nil
}
