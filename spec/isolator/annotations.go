package isolator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
annotations: notes on the container that delegates and shims act on.

Owns     annotations
Rule     Those on a list of what nobody acts on are kept, CRI's only from the
         CRI plugin. One that steers a delegate or the shim is refused; any
         other is dropped.
Because  An annotation sets properties of systemd's units, names a CRIU
         configuration, replaces crun's seccomp filter, loads a library into it,
         or puts a container into another tenant's shim (CVE-2024-3154; attack
         rows 1, 2, 10).
Escape   none; onExcess: Narrow drops instead of refusing.
*/

var _ = register(Isolator{
	Name:    "annotations",
	Owns:    []string{"/spec/annotations"},
	Reason:  "not among the annotations that no runtime acts on",
	Leq:     annotationsLeq,
	Rewrite: knownAnnotations,
	Holds:   annotationsHold,
})

// steering annotations change what a delegate or the shim does. Sources: runc
// 1.5.2 and crun 1.29 (potentiallyUnsafeConfigAnnotations of their features,
// and org.systemd.property of crun, which its list lacks), gVisor's shim,
// containerd 2.4.2 (shim grouping).
var steering = []string{
	"bundle",
	"org.systemd.property.*",
	"org.criu.*",
	"run.oci.*",
	"krun.*",
	"module.wasm.image/*",
	"dev.gvisor.*",
	"io.containerd.runc.v2.group",
}

// inert annotations are read by people and by engines, not by delegates.
var inert = []string{
	tenant.Annotation,
	"org.opencontainers.image.*",
	"nerdctl/*",
	"com.docker/*",
}

// criOnly annotations are the CRI plugin's word; from anybody else they are forged.
var criOnly = []string{
	"io.kubernetes.cri.*",
	"io.kubernetes.container.*",
	"io.kubernetes.pod.*",
}

// criGroup puts a container into the shim of a sandbox.
const criGroup = "io.kubernetes.cri.sandbox-id"

func knownAnnotations(c *Case, r *Request) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(r.Spec.Annotations)) {
		if mayAnnotate(c, key) {
			continue
		}
		if steers(c, key) && c.Policy.Security.OnExcess != tenant.Narrow {
			errs = append(errs, steeringDenial(key))
		}
		delete(r.Spec.Annotations, key)
	}
	if len(r.Spec.Annotations) == 0 {
		r.Spec.Annotations = nil
	}
	return errors.Join(errs...)
}

func steeringDenial(key string) *Denial {
	return &Denial{"annotations", fmt.Sprintf("annotations[%q]", key), "set", "none that steers a runtime", Nothing}
}

func annotationsHold(c *Case, r *Request) error {
	for _, key := range slices.Sorted(maps.Keys(r.Spec.Annotations)) {
		if !mayAnnotate(c, key) {
			return steeringDenial(key)
		}
	}
	return nil
}

func mayAnnotate(c *Case, key string) bool {
	return listed(inert, key) || c.Facts.Engine == CRI && listed(criOnly, key)
}

func steers(c *Case, key string) bool {
	return listed(steering, key) || key == criGroup && c.Facts.Engine != CRI
}

// listed reports whether a list has the key, or a beginning of it that ends in '*'.
func listed(list []string, key string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		prefix, open := strings.CutSuffix(entry, "*")
		return key == entry || open && strings.HasPrefix(key, prefix)
	})
}

func annotationsLeq(a, b *Request) bool {
	for key, value := range a.Spec.Annotations {
		if other, ok := b.Spec.Annotations[key]; !ok || other != value {
			return false
		}
	}
	return true
}
