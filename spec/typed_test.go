package spec_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// typed makes a request of its types alone: whatever runtime-spec can say, also
// what no fixture and no engine ever said, with values at the edges. A new
// field is in it by itself.
func (g *generator) typed() *isolator.Request {
	r := new(isolator.Request)
	if g.populate(reflect.ValueOf(r).Elem(), "", 0.3+0.6*g.Float64()); r.Spec == nil {
		r.Spec = new(specs.Spec)
	}
	return r
}

// populate sets each part of a value with a probability.
func (g *generator) populate(v reflect.Value, at string, p float64) {
	if v.Kind() != reflect.Struct && g.Float64() > p {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		g.populate(v.Elem(), at, max(p, 0.9))
	case reflect.Struct:
		for _, m := range members(v) {
			g.populate(m.value, at+"/"+m.name, p)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), g.IntN(4), 8))
		for i := range v.Len() {
			g.populate(v.Index(i), at+"/*", max(p, 0.9))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range g.IntN(4) {
			element := reflect.New(v.Type().Elem()).Elem()
			g.populate(element, at+"/*", max(p, 0.9))
			v.SetMapIndex(reflect.ValueOf(g.odd(at+"*")).Convert(v.Type().Key()), element)
		}
	case reflect.String:
		v.SetString(g.odd(at))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Interface:
		v.Set(reflect.ValueOf(g.odd(at)))
	default:
		g.setNumber(v)
	}
}

// odd is a string that means something at some place, or tries to.
func (g *generator) odd(at string) string {
	if g.IntN(3) > 0 {
		return g.text(at)
	}
	return pick(g, oddStrings)
}

var oddStrings = []string{
	"\x00", "a\x00b", "\n", "root\nroot:x:0:0::/:/bin/sh", "\u202e", "\ufeff", " ", "\t/", "//", "/./", "/..", "/../..", "/a/", "/a//b", "a/", "~", "%s%n", "$(id)", "'", `"`, `\`,
	"/proc", "/proc/self/fd/7", "/proc/1/root", "/proc/self/exe", "/sys", "/sys/fs/cgroup", "/dev", "/dev/null", "/dev/sda", "/etc/passwd", "/run/containerd/containerd.sock", "/var/lib/kubelet/pods",
	"1e400", "0x7fffffff", "4294967296", "-0", "00", "٣", "1,2", "0-", "-", ":", "::", "a:b:c", "a=b", "=", ",", "/dev/fuse:rwm",
	"all", "ALL", "CAP_ALL", "cap_sys_admin", "CAP_SYS_ADMIN", "CAP_NET_RAW,CAP_SYS_ADMIN", "a", "c", "b", "rwm", "rw,suid,dev", "bind", "rbind", "rshared", "idmap", "remount", "shared",
	"SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY", "SCMP_ARCH_X86", "SCMP_CMP_MASKED_EQ", "SCHED_FIFO", "SCHED_DEADLINE", "IOPRIO_CLASS_RT", "READ_IMPLIES_EXEC", "RLIMIT_NOFILE", "unconfined", "system_u:system_r:spc_t:s0",
	"net.ipv4.ip_forward", "net/ipv4/ip_forward", "kernel.core_pattern", "user.max_user_namespaces", "x+kernel.core_pattern=|/x", "io.kubernetes.cri.sandbox-id", "run.oci.handler", "org.systemd.property.Slice", "bundle",
	strings.Repeat("a", 5000), strings.Repeat("/a", 3000), strings.Repeat("../", 500),
}

// FuzzTypes: laws 1 to 3, each isolator by itself, over requests made of types.
// Fuzzing looks for a seed.
func FuzzTypes(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := newGenerator(t, seed)
		c := g.caseOf(g.typed())
		more := isolator.NewCase(g.wider(c.Policy), c.Node, c.Facts, c.Asked)
		before := encoded(t, c.Asked)
		for _, i := range g.isolators() {
			r, denials := rewrite(t, c, i)
			if len(denials) > 0 {
				continue
			}
			if !i.Leq(r, c.Asked) {
				t.Errorf("%s gives more than was asked for:\n asked %s\n got   %s\n policy %s", i.Name, owned(c.Asked, i), owned(r, i), inJSON(c.Policy))
			}
			again, denials := rewrite(t, isolator.NewCase(c.Policy, c.Node, c.Facts, r), i)
			if len(denials) > 0 || owned(r, i) != owned(again, i) {
				t.Errorf("%s changes or refuses what it made: %v\n once  %s\n twice %s\n policy %s", i.Name, denials, owned(r, i), owned(again, i), inJSON(c.Policy))
			}
			wider, denials := rewrite(t, more, i)
			if len(denials) > 0 || !i.Leq(r, wider) {
				t.Errorf("%s gives a wider tenant less: %v\n asked %s\n got   %s\n wider %s\n policy %s\n wider  %s",
					i.Name, denials, owned(c.Asked, i), owned(r, i), owned(wider, i), inJSON(c.Policy), inJSON(more.Policy))
			}
		}
		if after := encoded(t, c.Asked); !bytes.Equal(before, after) {
			t.Errorf("the request as it came changed:\n%s\n%s", before, after)
		}
	})
}

// What is made of types must have all of them, or the laws are not put to it.
func TestTypedRequestsHaveEveryField(t *testing.T) {
	t.Parallel()
	left := leaves(reflect.TypeFor[isolator.Request](), "")
	for seed := uint64(0); len(left) > 0; seed++ {
		if seed == 2000 {
			t.Fatalf("2,000 requests made of types have none of %v", left)
		}
		r := newGenerator(t, seed).typed()
		found := map[string]bool{}
		setLeaves(reflect.ValueOf(r).Elem(), "", found)
		left = slices.DeleteFunc(left, func(leaf string) bool { return found[leaf] })
	}
}

// setLeaves notes the pointers, as leaves has them, of everything that is set.
func setLeaves(v reflect.Value, at string, found map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			setLeaves(v.Elem(), at, found)
		}
	case reflect.Struct:
		for _, m := range members(v) {
			setLeaves(m.value, at+"/"+m.name, found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			setLeaves(v.Index(i), at+"/*", found)
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			setLeaves(v.MapIndex(k), at+"/*", found)
		}
	default:
		found[at] = found[at] || !v.IsZero()
	}
}
