package judge

import (
	"fmt"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// invisible are the failing fixtures of which an OCI spec shows nothing, with
// the reason.
var invisible = hidden(
	hides{"a host port is the network plugin's", "baseline/fail/hostports", 0, 2},
	hides{"a host port is the network plugin's", "restricted/fail/hostports", 0, 2},
	hides{"the kubelet probes and calls, from the node", "baseline/fail/hostprobesandhostlifecycle", 0, 4},
	hides{"the kubelet probes and calls, from the node", "restricted/fail/hostprobesandhostlifecycle", 0, 4},
	hides{"containerd gives NET_RAW to whoever asks for nothing", "baseline/fail/capabilities_baseline", 0, 1},
	hides{"containerd writes the name in capitals, and then it is one of its default", "baseline/fail/capabilities_baseline", 2, 2},
	hides{"the kubelet mounts an inline volume where it mounts a claim's", "restricted/fail/restrictedvolumes", 0, 18},
)

// hides are fixtures by a range of their numbers.
type hides struct {
	reason, name string
	from, to     int
}

func hidden(all ...hides) map[string]string {
	byName := map[string]string{}
	for _, h := range all {
		for i := h.from; i <= h.to; i++ {
			byName[fmt.Sprint(h.name, i)] = h.reason
		}
	}
	return byName
}

// narrowings are what a pod that the standards allow loses all the same, with
// the reason. Isolators document their own; here are those that fixtures meet.
var narrowings = map[string]string{
	"capabilities: CAP_NET_RAW":       "the standards do not list it: engines give it to whoever asks for nothing, and raw packets forge addresses",
	"capabilities: the sandbox's":     "pause uses none, and has the same from containerd whatever the pod says",
	"cpu: /linux/resources/cpu":       "limits are the tenant's",
	"memory: /linux/resources/memory": "limits are the tenant's",
	"mounts: /dev/pts with max=256":   "pseudo terminals are counted for the whole node",
	"namespaces: cgroup":              "a container of a node with cgroup v1 has its own too",
	"paths: hidden":                   "files of the kernel that show the node, which no engine masks",
	"paths: procMount Unmasked":       "the same, in a user namespace too: what they show is the node's",
	"pids: /linux/resources/pids":     "limits are the tenant's",
	"rlimits: RLIMIT_CORE":            "a core dump is work that nobody is charged for",
	"seccomp: architectures":          "calls by the numbers of another architecture, which the filter does not name",
	"seccomp: calls":                  "the engine's filter without what attacks use",
	"seccomp: no filter":              "the level's own filter is for whoever has none",
	"userlimits: user.*":              "the kernel charges the node's root for what a user namespace uses",
}

// loss names what one change takes away or bounds; nothing for a change that is
// about the delegate and not the container.
func loss(of string, c spec.Change) []string {
	switch before, after := c.Before, c.Value; {
	case c.Isolator == "options":
		return nil
	case c.Isolator == "capabilities" && of == sandboxID:
		return []string{"capabilities: the sandbox's"}
	case c.Isolator == "capabilities":
		return missing("capabilities: ", before, after)
	case c.Isolator == "seccomp" && before == nil:
		return []string{"seccomp: no filter"}
	case c.Path == "/spec/linux/seccomp/syscalls":
		return []string{"seccomp: calls"}
	case c.Path == "/spec/linux/seccomp/architectures":
		return []string{"seccomp: architectures"}
	case c.Isolator == "userlimits":
		return []string{"userlimits: user.*"}
	case c.Isolator == "rlimits":
		return bounded(before, after)
	case c.Isolator == "namespaces":
		return joined(before, after)
	case c.Isolator == "paths":
		return masks(before, after)
	case c.Path == "/spec/mounts":
		return restrained(before, after)
	}
	return []string{c.Isolator + ": " + c.Path[len("/spec"):]}
}

func missing(prefix string, before, after any) []string {
	had, _ := before.([]string)
	has, _ := after.([]string)
	var gone []string
	for _, name := range had {
		if !slices.Contains(has, name) {
			gone = append(gone, prefix+name)
		}
	}
	return gone
}

func bounded(before, after any) []string {
	had, _ := before.([]specs.POSIXRlimit)
	has, _ := after.([]specs.POSIXRlimit)
	var all []string
	for _, l := range has {
		if !slices.Contains(had, l) {
			all = append(all, "rlimits: "+l.Type)
		}
	}
	return all
}

func joined(before, after any) []string {
	had, _ := before.([]specs.LinuxNamespace)
	has, _ := after.([]specs.LinuxNamespace)
	var all []string
	for _, ns := range has {
		if !slices.Contains(had, ns) {
			all = append(all, "namespaces: "+string(ns.Type))
		}
	}
	return all
}

// masks tells those that procMount Unmasked took away from further ones.
func masks(before, after any) []string {
	var all []string
	for _, p := range missing("", after, before) {
		if slices.Contains(maskedPaths, p) || slices.Contains(readonlyPaths, p) {
			all = append(all, "paths: procMount Unmasked")
		} else {
			all = append(all, "paths: hidden")
		}
	}
	return all
}

// restrained names the options that mounts get or lose.
func restrained(before, after any) []string {
	had, _ := before.([]specs.Mount)
	has, _ := after.([]specs.Mount)
	var all []string
	for i, m := range had {
		if i >= len(has) || m.Destination != has[i].Destination {
			return []string{"mounts: " + m.Destination}
		}
		all = append(all, missing("mounts: "+m.Destination+" with ", has[i].Options, m.Options)...)
		all = append(all, missing("mounts: "+m.Destination+" without ", m.Options, has[i].Options)...)
	}
	return all
}

// decision is what became of one container of a pod.
type decision struct {
	id      string
	changes []spec.Change
	denials isolator.Denials
}

// losses are what the changes of a pod take away, each once.
func losses(all []decision) []string {
	var names []string
	for _, d := range all {
		for _, c := range d.changes {
			names = append(names, loss(d.id, c)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
