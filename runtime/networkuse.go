package runtime

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/runtime/cgroup"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
)

// What the interfaces of a tenant's network namespaces counted, as its
// containers see it. The node's own network is nobody's.
const (
	NetworkReceived cgroup.Figure = "network_received_bytes_total"
	NetworkSent     cgroup.Figure = "network_sent_bytes_total"
)

// counted is the identity of every network and of all walls, so that what they
// counted before a meter saw them counts. One that has an earlier one's place
// counts from what that had.
const counted = 1

// connections are the network namespaces of containers, each with a process
// that lives in it. Containers that share one have it once.
func connections(records []*record.Record) map[string]int {
	all := map[string]int{}
	for _, r := range records {
		for _, ns := range r.Namespaces {
			if ns.Type == specs.NetworkNamespace && r.Pid != 0 && holds(r, ns) {
				all[fmt.Sprintf("network %d:%d", ns.Device, ns.Inode)] = r.Pid
			}
		}
	}
	return all
}

// traffic reads what all interfaces of a process's network namespace counted,
// without loopback. Source: proc(5), /proc/net/dev.
func traffic(pid int) (cgroup.Stats, error) {
	const received, sent, columns = 0, 8, 16
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	if err != nil {
		return cgroup.Stats{}, err
	}
	s := cgroup.Stats{ID: counted, Figures: map[cgroup.Figure]float64{NetworkReceived: 0, NetworkSent: 0}}
	for line := range strings.Lines(string(data)) {
		name, counts, found := strings.Cut(line, ":")
		fields := strings.Fields(counts)
		if !found || strings.TrimSpace(name) == "lo" || len(fields) < columns {
			continue // the header has no colon
		}
		for f, i := range map[cgroup.Figure]int{NetworkReceived: received, NetworkSent: sent} {
			n, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return cgroup.Stats{}, fmt.Errorf("read traffic: %w", err)
			}
			s.Figures[f] += n
		}
	}
	return s, nil
}
