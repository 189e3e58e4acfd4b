package compile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

func (k *compiler) container(o *Object, c *v1alpha1.Container, p *tenant.Policy) tenant.Container {
	out := tenant.Container{
		Max: tenant.Quantities{
			CPUMilli:    k.cpu(o, "spec.container.max.cpu", c.Max.CPU),
			MemoryBytes: k.memory(o, "spec.container.max.memory", c.Max.Memory),
			Pids:        k.count(o, "spec.container.max.pids", c.Max.Pids),
		},
		Default: tenant.Quantities{
			CPUMilli:    k.cpu(o, "spec.container.default.cpu", c.Default.CPU),
			MemoryBytes: k.memory(o, "spec.container.default.memory", c.Default.Memory),
			Pids:        k.count(o, "spec.container.default.pids", c.Default.Pids),
		},
		Rlimits:  k.rlimits(o, c.Rlimits, p.Security.Level),
		ShmBytes: k.memory(o, "spec.container.max.shm", c.Max.Shm),
	}
	k.ordered(o, "cpu", &out.Default.CPUMilli, &out.Max.CPUMilli, p.Limits.CPUMilli, inCPUs)
	k.ordered(o, "memory", &out.Default.MemoryBytes, &out.Max.MemoryBytes, p.Limits.MemoryBytes, inBytes)
	k.ordered(o, "pids", &out.Default.Pids, &out.Max.Pids, &p.Limits.Pids, inTasks)
	return out
}

// ordered checks default <= max <= the tenant's limit, and fills the default.
// What is inherited is lowered instead: a child that only lowers its limits
// need not repeat the rest.
func (k *compiler) ordered(o *Object, name string, def, most **int64, limit *int64, show func(int64) string) {
	defKey, maxKey, limitKey := "spec.container.default."+name, "spec.container.max."+name, "spec.limits."+name
	k.lower(o, maxKey, most, limit)
	k.lower(o, defKey, def, cmp.Or(*most, limit))
	above := func(key string, value *int64, ceilingKey string, ceiling *int64) bool {
		if value == nil || ceiling == nil || *value <= *ceiling {
			return false
		}
		k.bad(o, key, fmt.Sprintf("is %s, above %s, which is %s%s; lower it or raise %s",
			show(*value), ceilingKey, show(*ceiling), k.origin(o, ceilingKey), ceilingKey))
		return true
	}
	above(maxKey, *most, limitKey, limit)
	if !above(defKey, *def, maxKey, *most) && *most == nil {
		above(defKey, *def, limitKey, limit)
	}
	if *def == nil {
		*def = *most
	}
}

// lower brings an inherited value down to a ceiling.
func (k *compiler) lower(o *Object, key string, value **int64, ceiling *int64) {
	if *value != nil && ceiling != nil && **value > *ceiling && k.giver(o, key) != nil {
		*value = ceiling
	}
}

// rlimitNames are the names of getrlimit(2).
var rlimitNames = []string{
	"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue",
	"nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
}

func (k *compiler) rlimits(o *Object, in map[string]v1alpha1.Rlimit, level tenant.Level) map[string]tenant.Rlimit {
	out := map[string]tenant.Rlimit{}
	if level != tenant.Privileged {
		// A core goes where the node's core_pattern says: out of the container.
		out["RLIMIT_CORE"] = tenant.Rlimit{}
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		key := "spec.container.rlimits." + name
		if !slices.Contains(rlimitNames, name) {
			short := strings.TrimPrefix(strings.ToLower(name), "rlimit_")
			if slices.Contains(rlimitNames, short) {
				k.bad(o, key, "is unknown; did you mean "+short+"?")
			} else {
				k.bad(o, key, "is unknown; "+fix(name, rlimitNames))
			}
			continue
		}
		hard := k.whole(o, key+".hard", in[name].Hard, "")
		soft := k.whole(o, key+".soft", in[name].Soft, "")
		if hard == nil {
			continue
		}
		if soft == nil {
			soft = hard
		}
		if *soft > *hard {
			k.bad(o, key+".soft", fmt.Sprintf("is %s, above hard, which is %s; lower it or raise hard", o.text(key+".soft"), o.text(key+".hard")))
		}
		out["RLIMIT_"+strings.ToUpper(name)] = tenant.Rlimit{Soft: uint64(*soft), Hard: uint64(*hard)}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
