package shape

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// longest is what an interface's name may have (IFNAMSIZ less the end).
const longest = 15

// Device is the name of an outermost tenant's device: what fits of the tenant's name, and
// a hash of the whole.
func Device(installation, tenant string) string {
	sum := sha256.Sum256([]byte(installation + "/" + tenant))
	return "bw-" + tenant[:min(len(tenant), 5)] + "-" + hex.EncodeToString(sum[:3])
}

// alias says whose a device is, in full. Those of an installation are found by
// it.
func alias(installation, tenant string) string {
	return prefix(installation) + tenant
}

func prefix(installation string) string {
	if installation == "" {
		return "bulkhead tenant "
	}
	return "bulkhead " + installation + " tenant "
}

// tenantOf is the other way round.
func tenantOf(installation, alias string) (tenant string, ok bool) {
	return strings.CutPrefix(alias, prefix(installation))
}

// numbers is how many leaves, and how many tenants, a device can have: a class has 16 bits, and the
// lower four are the direction.
const numbers = 1<<12 - 1

// Number chooses a number of a leaf or of a tenant: by its name, so that the same
// one mostly gets the same one, and none of those taken.
func Number(name string, taken func(uint16) bool) (uint16, error) {
	sum := sha256.Sum256([]byte(name))
	start := int(binary.BigEndian.Uint16(sum[:])) % numbers
	for i := range numbers {
		if n := uint16((start+i)%numbers + 1); !taken(n) {
			return n, nil
		}
	}
	return 0, fmt.Errorf("a device divides bandwidth between at most %d network namespaces, or tenants", numbers)
}

// up and down are a leaf's classes. A packet that comes back keeps its class as
// its priority. pfifo_fast and such look at the lower four bits of one that a
// bridge sends on, so for what a container sends these are those of best effort.
func up(number uint16) uint32   { return major<<16 | uint32(number)<<4 }
func down(number uint16) uint32 { return up(number) | 1 }

// tenantUp and tenantDown are a tenant's, which no packet names.
func tenantUp(number uint16) uint32   { return up(number) | 2 }
func tenantDown(number uint16) uint32 { return up(number) | 3 }

// Classes are a leaf's: of what it sends, and of what it receives.
func Classes(number uint16) (sent, received uint32) { return up(number), down(number) }

func isTenant(class uint32) bool { return class&2 != 0 }

func numberOf(class uint32) uint16 { return uint16(class) >> 4 }
