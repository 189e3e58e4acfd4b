// Package network plans and raises the walls around a container's network. They
// stand on the node's side of its interfaces, where nothing in the container
// undoes them: at the other end of each veth, where all its frames pass, and
// where the node routes and receives packets, with the connections they are of.
//
// What is planned is a pure function of the tenant's policy and of what the
// container is plugged into, and prints as input of nft(8). It is carried out in
// one transaction.
package network

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/bulkhead-dev/bulkhead/hooks/network/nft"
)

// Name says whose walls they are. The names of all that they consist of derive
// from it.
type Name struct {
	Installation string // empty for the node's own
	Tenant       string
	Scope, ID    string // of the container
}

// Key stands for the container in names: twelve hexadecimal digits.
func (n Name) Key() string {
	sum := sha256.Sum256([]byte(n.Tenant + "\x00" + n.Scope + "\x00" + n.ID))
	return hex.EncodeToString(sum[:6])
}

// The tables of an installation.
func frames(installation string) nft.Table { return table(nft.NetDev, installation) }

func packets(installation string) nft.Table { return table(nft.Inet, installation) }

func table(f nft.Family, installation string) nft.Table {
	if installation != "" {
		installation = "_" + installation
	}
	return nft.Table{Family: f, Name: "bulkhead" + installation}
}

// A Reason is why packets were dropped.
type Reason string

const (
	Spoofed     Reason = "spoofed"     // sent with an address that is not the container's, or as a router
	Metadata    Reason = "metadata"    // to the metadata service or another link-local address
	Tenants     Reason = "tenant"      // to or from another tenant's container
	Host        Reason = "host"        // to a service of the node that is not listed
	Egress      Reason = "egress"      // by a rule of network.egress
	Ingress     Reason = "ingress"     // by a rule of network.ingress
	Connections Reason = "connections" // more than limits.connections or container.max.connections
)

// Reasons are all of them.
var Reasons = []Reason{Spoofed, Metadata, Tenants, Host, Egress, Ingress, Connections}

func (r Reason) counter(key string) string { return string(r) + "-" + key }
