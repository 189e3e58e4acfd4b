package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/hooks/network/namespace"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// An Interface of a container, without loopback.
type Interface struct {
	Name      string
	MAC       string
	Addresses []string // with the prefix's length
}

// Interfaces are those that a container has now. One in the node's own network,
// or that has ended, has none.
func Interfaces(r *record.Record) ([]Interface, error) {
	i := slices.IndexFunc(r.Namespaces, func(ns record.Namespace) bool { return ns.Type == specs.NetworkNamespace })
	if i < 0 || !r.Alive() {
		return nil, nil
	}
	h, err := openNamespace(fmt.Sprintf("/proc/%d/ns/net", r.Pid))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(h.fd)
	if h.id != r.Namespaces[i] {
		return nil, nil // it ended, and another has its number
	}
	var found []Interface
	err = namespace.In(h.fd, func() error {
		links, err := net.Interfaces()
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Flags&net.FlagLoopback != 0 {
				continue
			}
			addresses, err := l.Addrs()
			if err != nil {
				return err
			}
			one := Interface{Name: l.Name, MAC: l.HardwareAddr.String()}
			for _, a := range addresses {
				one.Addresses = append(one.Addresses, a.String())
			}
			found = append(found, one)
		}
		return nil
	})
	return found, err
}
