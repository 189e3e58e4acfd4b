package spec_test

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// Image and pod decide much of what is in a config.json, so it is as hostile as
// they are: as large as a file may be, and made to cost.

const mib = 1 << 20

// attack is a config.json with as many elements as there shall be. '#' in one
// stands for its number.
type attack struct{ head, element, separator, tail string }

// largest is the attack with as many elements as a number of bytes has room
// for, or fewer, if that does not fit.
func (a attack) largest(size int, fits func([]byte) bool) []byte {
	text, parts := append(make([]byte, 0, size+len(a.element)), a.head...), strings.Split(a.element, "#")
	var ends []int
	for n := 0; len(text)+len(a.tail) <= size; n++ {
		if n > 0 {
			text = append(text, a.separator...)
		}
		for i, part := range parts {
			if i > 0 {
				text = strconv.AppendInt(text, int64(n), 10)
			}
			text = append(text, part...)
		}
		ends = append(ends, len(text))
	}
	with := func(n int) []byte { return slices.Concat(text[:ends[n]], []byte(a.tail)) }
	most := max(len(ends)-2, 0)
	if data := with(most); fits(data) {
		return data
	}
	return with(max(sort.Search(most, func(n int) bool { return !fits(with(n)) })-1, 0))
}

func fill(head, element, tail string) attack { return attack{head, element, ",", tail} }

func repeated(head, unit, tail string) attack {
	return attack{head, strings.Repeat(unit, 64), "", tail}
}

// around puts a part into an engine's spec, so that all of it is decided.
func around(part string) (head, tail string) {
	return `{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["x"]}, ` + part, `}`
}

func list(part, element string) attack {
	head, tail := around(part + "[")
	return fill(head, element, "]"+closing(part)+tail)
}

func object(part, element string) attack {
	head, tail := around(part + "{")
	return fill(head, element, "}"+closing(part)+tail)
}

// closing is what ends the lists and objects that a part opens.
func closing(part string) string {
	ends := ""
	for _, c := range part {
		switch c {
		case '{':
			ends = "}" + ends
		case '[':
			ends = "]" + ends
		case '}', ']':
			ends = ends[1:]
		}
	}
	return ends
}

// hostile are the attacks by name.
var hostile = map[string]attack{
	"arguments":                list(`"process": {"cwd": "/", "args": `, `"a#"`),
	"arguments, empty":         list(`"process": {"cwd": "/", "args": `, `""`),
	"environment":              list(`"process": {"cwd": "/", "env": `, `"A#=b"`),
	"environment, long":        list(`"process": {"cwd": "/", "env": `, `"A#=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"`),
	"environment, longest":     list(`"process": {"cwd": "/", "env": `, `"A#=`+strings.Repeat(`\u0001`, 20<<10)+`"`),
	"groups":                   list(`"process": {"cwd": "/", "user": {"additionalGids": `, `#`),
	"capabilities":             list(`"process": {"cwd": "/", "capabilities": {"bounding": `, `"CAP_#"`),
	"capabilities, effective":  list(`"process": {"cwd": "/", "capabilities": {"effective": `, `"CAP_#"`),
	"capabilities, the same":   list(`"process": {"cwd": "/", "capabilities": {"bounding": `, `"CAP_CHOWN"`),
	"capabilities, two sets":   list(`"process": {"cwd": "/", "capabilities": {"bounding": [`+strings.Repeat(`"CAP_CHOWN",`, 8000)+`"CAP_KILL"], "effective": `, `"CAP_KILL"`),
	"rlimits":                  list(`"process": {"cwd": "/", "rlimits": `, `{"type": "RLIMIT_#", "hard": #, "soft": 1}`),
	"mounts":                   list(`"mounts": `, `{"destination": "/m#", "type": "bind", "source": "/s#", "options": ["rbind"]}`),
	"mounts of tmpfs":          list(`"mounts": `, `{"destination": "/m#", "type": "tmpfs"}`),
	"mounts, empty":            list(`"mounts": `, `{}`),
	"mount options":            list(`"mounts": [{"destination": "/m", "options": `, `"o#"`),
	"hooks":                    list(`"hooks": {"prestart": `, `{"path": "/h#"}`),
	"arguments of a hook":      list(`"hooks": {"prestart": [{"path": "/h", "args": `, `"a#"`),
	"annotations":              object(`"annotations": `, `"a#": ""`),
	"sysctls":                  object(`"linux": {"sysctl": `, `"net.core.x#": "1"`),
	"sysctls of a user":        object(`"linux": {"sysctl": `, `"user.max_#": "1"`),
	"namespaces":               list(`"linux": {"namespaces": `, `{"type": "pid", "path": "/p#"}`),
	"network devices":          object(`"linux": {"netDevices": `, `"eth#": {}`),
	"devices":                  list(`"linux": {"devices": `, `{"path": "/dev/x#", "type": "c", "major": #, "minor": 1}`),
	"device rules":             list(`"linux": {"resources": {"devices": `, `{"allow": true, "type": "c", "major": #, "access": "rwm"}`),
	"device rules, no and yes": list(`"linux": {"resources": {"devices": `, `{"allow": true, "access": "rwm"},{"allow": false, "access": "m"}`),
	"id mappings":              list(`"linux": {"uidMappings": `, `{"containerID": #, "hostID": #, "size": 1}`),
	"masked paths":             list(`"linux": {"maskedPaths": `, `"/proc/x#"`),
	"read-only paths":          list(`"linux": {"readonlyPaths": `, `"/proc/x#"`),
	"huge pages":               list(`"linux": {"resources": {"hugepageLimits": `, `{"pageSize": "#MB", "limit": 1}`),
	"throttled devices":        list(`"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": `, `{"major": #, "minor": 1, "rate": 1}`),
	"weights of devices":       list(`"linux": {"resources": {"blockIO": {"weightDevice": `, `{"major": #, "minor": 1, "weight": 1}`),
	"files of cgroups":         object(`"linux": {"resources": {"unified": `, `"memory.x#": "1"`),
	"RDMA":                     object(`"linux": {"resources": {"rdma": `, `"mlx#": {"hcaHandles": 1}`),
	"seccomp rules":            list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": `, `{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": #, "op": "SCMP_CMP_EQ"}]}`),
	"seccomp rules, two ways":  list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": `, `{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": #, "op": "SCMP_CMP_GT"}, {"index": 1, "value": #, "op": "SCMP_CMP_LT"}]}`),
	"seccomp rules, each call": list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": `, `{"names": ["read", "write", "open", "clone", "mmap", "socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": #, "valueTwo": #, "op": "SCMP_CMP_MASKED_EQ"}]}`),
	"seccomp names":            list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": `, `"call#"`),
	"seccomp, one name":        list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": `, `"socket"`),
	"seccomp architectures":    list(`"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "architectures": `, `"SCMP_ARCH_#"`),
	"fields that do not exist": fill(`{`, `"x#": 0`, `}`),
	"one field many times":     fill(`{`, `"hostname": "h#"`, `}`),
	"one field in many cases":  fill(`{`, `"hostName": "h#", "HOSTNAME": "i#", "Hostname": "j#"`, `}`),
	"one object many times":    fill(`{`, `"linux": {"resources": {"memory": {"limit": #}}}`, `}`),
	"one list many times":      fill(`{`, `"mounts": [{}, {}, {}]`, `}`),
	"one name":                 repeated(`{"`, "x", `": 1}`),
	"one string":               repeated(`{"hostname": "`, "x", `"}`),
	"one string of escapes":    repeated(`{"hostname": "`, `\u0000`, `"}`),
	"one string of quotes":     repeated(`{"hostname": "`, `\"`, `"}`),
	"one string of slashes":    repeated(`{"hostname": "`, `\\`, ``),
	"a path of folders":        list(`"root": {"path": "`+strings.Repeat("/a", 2048)+`"}, "mounts": `, `{"source": "`+strings.Repeat("/a", 2000)+`", "destination": "`+strings.Repeat("/b", 2000)+`", "type": "bind"}`),
	"one path of folders":      repeated(`{"root": {"path": "`, `/a`, `"}}`),
	"bad UTF-8":                repeated(`{"hostname": "`, "\xff\xfe", `"}`),
	"NUL bytes":                repeated("", "\x00", ""),
	"blanks":                   repeated("", " ", "{}"),
	"a byte order mark":        repeated("\ufeff", " ", "{}"),
	"a long number":            repeated(`{"linux": {"resources": {"pids": {"limit": 1`, "0", `}}}}`),
	"a number beyond all":      repeated(`{"linux": {"resources": {"pids": {"limit": 1e400`, " ", `}}}}`),
	"lists in lists":           repeated("", "[", ""),
	"objects in objects":       repeated("", `{"linux":`, ""),
	"values without end":       repeated(`{"process": {"args": [`, `"",`, ""),
	"many specs":               repeated("", `{}`, ""),
	"many empty lists":         repeated(`{"mounts": [`, `[],`, `[]]}`),
}

// decided is all that a Create does with a config.json before it changes
// anything.
func decided(c *isolator.Case, data []byte) (spec.Result, error) {
	s, err := spec.Parse(data)
	if err != nil {
		return spec.Result{}, err
	}
	_, res, err := spec.Rewrite(isolator.NewCase(c.Policy, c.Node, c.Facts, &isolator.Request{Spec: s}))
	return res, err
}

// anyTenant is one that hostile specs are put to, of the default level.
func anyTenant(t testing.TB) *isolator.Case {
	t.Helper()
	for _, f := range newGenerator(t, 0).fixtures {
		if f.Policy.Security.Level == tenant.Baseline && f.Request != nil {
			return f.Case()
		}
	}
	t.Fatal("no fixture has a tenant of level baseline")
	return nil
}

// inFile is all of an attack that a file may have; inBounds is what of it is
// read and decided.
func (a attack) inFile() []byte { return a.largest(4*mib, func([]byte) bool { return true }) }
func (a attack) inBounds() []byte {
	return a.largest(mib, func(data []byte) bool { return spec.Bounded(data) == nil })
}

// Whatever it is, it is refused or decided, with a sentence that can be read.
func TestHostileSpecs(t *testing.T) {
	c := anyTenant(t)
	var undecoded, denied int
	for name, a := range hostile {
		if data := a.inFile(); spec.Bounded(data) == nil {
			t.Errorf("%s with %d bytes is within the bounds", name, len(data))
		} else if _, err := decided(c, data); err == nil || len(err.Error()) > 200 {
			t.Errorf("%s with %d bytes: %.300v", name, len(data), err)
		}
		switch res, err := decided(c, a.inBounds()); {
		case err != nil:
			if undecoded++; len(err.Error()) > 1000 {
				t.Errorf("%s is refused with %d bytes: %.300v", name, len(err.Error()), err)
			}
		case len(res.Denials) > 0:
			denied++
		}
	}
	t.Logf("hostile: %d kinds of config.json, with 4 MiB all refused unread; with as much as is read %d refused as no spec, %d by isolators and %d narrowed",
		len(hostile), undecoded, denied, len(hostile)-undecoded-denied)
}

// BenchmarkHostile is the processors' time that the worst of them costs: with
// as much as is read, and with as much as a file has. None may take 50 ms.
func BenchmarkHostile(b *testing.B) {
	c := anyTenant(b)
	type cost struct {
		what string
		time time.Duration
	}
	var costs []cost
	for b.Loop() {
		costs = costs[:0]
		for name, a := range hostile {
			for what, data := range map[string][]byte{"as much as is read": a.inBounds(), "4 MiB": a.inFile()} {
				least := time.Hour
				for range 5 { // others of this process take some of it too
					start := processorTime(b)
					_, _ = decided(c, data)
					least = min(least, processorTime(b)-start)
				}
				costs = append(costs, cost{name + ", " + what, least})
			}
		}
	}
	slices.SortFunc(costs, func(x, y cost) int { return cmp.Compare(y.time, x.time) })
	for _, c := range costs[:5] {
		b.Logf("%-45s %5.1f ms", c.what, c.time.Seconds()*1000)
	}
	b.ReportMetric(costs[0].time.Seconds()*1000, "worst-ms")
}

// processorTime is what this process has had, which a busy machine changes little.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
