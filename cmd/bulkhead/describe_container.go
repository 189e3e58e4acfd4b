package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/hooks/network"
	"github.com/bulkhead-dev/bulkhead/hooks/network/shape"
	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/runtime/record"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// containerNamed returns the record of the container whose id, or the beginning
// of it, is given, with all records.
func containerNamed(root tenant.Root, id string) (*record.Record, []*record.Record, error) {
	records, err := record.List(root)
	if err != nil {
		return nil, nil, err
	}
	var found []*record.Record
	var names []string
	for _, r := range records {
		switch names = append(names, r.ID); {
		case r.ID == id:
			return r, records, nil
		case strings.HasPrefix(r.ID, id):
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil, notFound("container", id, names)
	case 1:
		return found[0], records, nil
	}
	return nil, nil, fmt.Errorf("container %q is the beginning of %d ids, such as %s and %s; write more of it", id, len(found), found[0].ID, found[1].ID)
}

func describeContainer(rt *runtime.Runtime, out io.Writer, r *record.Record, all []*record.Record) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(key, value string) { fmt.Fprintf(w, "%s:\t%s\n", key, cmp.Or(value, "-")) }
	section := func(name string) { fmt.Fprintf(w, "%s:\n", name) }
	line("Name", r.ID)
	line("Namespace", namespaceOf(r.Scope))
	if r.Pod != "" {
		line("Pod", r.Pod)
	}
	line("Tenant", strings.Join(append(slices.Clone(r.Ancestors), r.Tenant), " > "))
	line("Mode", mode(r))
	line("Policy", short(r.Version))
	line("Engine", r.Engine)
	line("Delegate", r.Delegate)
	pid := "" // not started yet, or ended and not yet deleted
	if r.Alive() {
		pid = strconv.Itoa(r.Pid)
	}
	line("Process", pid)
	line("Age", age(r.Created))
	line("Cgroup", r.Cgroup)
	line("Bundle", r.Bundle)
	section("Network")
	line("  namespace", whoseNetwork(r, all))
	interfaces, err := runtime.Interfaces(r)
	if err != nil {
		return err
	}
	for _, i := range interfaces {
		line("  "+i.Name, strings.Join(append([]string{i.MAC}, i.Addresses...), ", "))
	}
	walls, err := rt.Walls(r)
	if err != nil {
		return err
	}
	describeWalls(line, walls)
	return w.Flush()
}

// describeWalls says where walls stand, and what they dropped.
func describeWalls(line func(key, value string), walls *runtime.Seen) {
	if walls == nil {
		line("Walls", "none")
		return
	}
	if !walls.Stands {
		line("Walls", "gone; apply raises them again")
		return
	}
	var ends []string
	for _, i := range walls.Interfaces {
		if i.Host == "" {
			ends = append(ends, i.Inside+" has none: its other end is not here")
		} else {
			ends = append(ends, i.Inside+" at "+i.Host)
		}
	}
	line("Walls", strings.Join(ends, ", "))
	for _, why := range network.Reasons {
		if n := walls.Dropped[why]; n.Packets > 0 {
			line("  dropped, "+string(why), fmt.Sprintf("%d packets, %d bytes", n.Packets, n.Bytes))
		}
	}
	describeBandwidth(line, walls.Bandwidth)
}

// describeBandwidth says where packets wait, and what became of them.
func describeBandwidth(line func(key, value string), b *runtime.Bounded) {
	if b == nil {
		line("Bandwidth", "not bounded")
		return
	}
	line("Bandwidth", "on "+b.Device)
	one := func(verb string, t *shape.Traffic) {
		if t != nil {
			line("  "+verb, fmt.Sprintf("%d bytes, at most %s bits a second; %d packets dropped, %d bytes waiting",
				t.Bytes, bits(new(float64(t.Most))), t.Dropped, t.Waiting))
		}
	}
	one("sent", b.Sent)
	one("received", b.Received)
}

// whoseNetwork says whose network namespace a container has.
func whoseNetwork(r *record.Record, all []*record.Record) string {
	i := slices.IndexFunc(r.Namespaces, func(ns record.Namespace) bool { return ns.Type == specs.NetworkNamespace })
	switch {
	case !r.Alive():
		return ""
	case i < 0:
		return "the node's"
	case r.TenantNetwork:
		return "the tenant's"
	}
	var others []string
	for _, o := range all {
		if o.ID != r.ID && o.Alive() && slices.Contains(o.Namespaces, r.Namespaces[i]) {
			others = append(others, o.ID)
		}
	}
	if others == nil {
		return "its own"
	}
	slices.Sort(others)
	return "shared with " + strings.Join(others, ", ")
}
