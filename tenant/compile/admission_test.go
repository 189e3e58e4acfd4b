package compile

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAdmission: what a node can keep, and the sentence for what it cannot.
func TestAdmission(t *testing.T) {
	const gi = 1 << 30
	four := Capacity{CPUMilli: 4000, MemoryBytes: 8 * gi}
	for _, test := range []struct {
		name string
		node Capacity
		docs []string
		want string // one sentence a line, without the file
	}{
		{"nothing is promised, on a node that has nothing", Capacity{}, []string{
			tenantDoc("a", "{limits: {cpu: 64}}"), nodeDoc("{reserved: {cpu: 2, memory: 2Gi}}")}, ""},
		{"all of the node", four, []string{
			tenantDoc("a", "{requests: {cpu: 4, memory: 8Gi}}")}, ""},
		{"more than all of the node", four, []string{
			tenantDoc("a", "{requests: {cpu: 4001m, memory: 8193Mi}}")},
			`spec.requests.memory: is 8193Mi of the 8193Mi that tenants are promised together; this node has 8Gi less 0 reserved: lower a requests.memory or the NodePolicy's reserved.memory
spec.requests.cpu: is 4001m of the 4001m that tenants are promised together; this node has 4 less 0 reserved: lower a requests.cpu or the NodePolicy's reserved.cpu`},
		{"the sum, less what is reserved; the last is named", four, []string{
			tenantDoc("a", "{requests: {cpu: 2, memory: 4Gi}}"), tenantDoc("z", "{}"), tenantDoc("b", "{requests: {cpu: 1001m, memory: 3Gi}}"),
			nodeDoc("{reserved: {cpu: 1, memory: 1Gi}}")},
			`spec.requests.cpu: is 1001m of the 3001m that tenants are promised together; this node has 4 less 1 reserved: lower a requests.cpu or the NodePolicy's reserved.cpu`},
		{"more is reserved than there is", four, []string{
			tenantDoc("a", "{requests: {cpu: 1m}}"), nodeDoc("{reserved: {cpu: 5}}")},
			`spec.requests.cpu: is 1m of the 1m that tenants are promised together; this node has 4 less 5 reserved: lower a requests.cpu or the NodePolicy's reserved.cpu`},
		{"a parent carries the sum of those below", four, []string{
			tenantDoc("top", "{requests: {memory: 1Gi}}"), tenantDoc("a", "{parent: top, requests: {memory: 5Gi}}"), tenantDoc("b", "{parent: top, requests: {memory: 4Gi}}")},
			`spec.requests.memory: is 9Gi of the 9Gi that tenants are promised together; this node has 8Gi less 0 reserved: lower a requests.memory or the NodePolicy's reserved.memory`},
		{"amounts beyond an int64", four, []string{
			tenantDoc("a", "{requests: {memory: 6000000000000000000}}"), tenantDoc("b", "{requests: {memory: 6000000000000000000}}")},
			`spec.requests.memory: is 5859375000000000Ki of the 9223372036854775807 that tenants are promised together; this node has 8Gi less 0 reserved: lower a requests.memory or the NodePolicy's reserved.memory`},

		{"cores of its own, all but one", four, []string{
			tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 3}}")}, ""},
		{"cores of its own, all", four, []string{
			tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 1}}"), tenantDoc("b", "{cpus: Exclusive, limits: {cpu: 3}}")},
			`spec.cpus: is Exclusive with 3 CPUs, which makes 4 with the other tenants' own; this node has 4, of which 1 must stay for everybody else: lower limits.cpu`},
		{"cores of its own, and what is reserved is rounded up", four, []string{
			tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 3}}"), nodeDoc("{reserved: {cpu: 1001m}}")},
			`spec.cpus: is Exclusive with 3 CPUs, which makes 3 with the other tenants' own; this node has 4, of which 2 must stay for everybody else: lower limits.cpu`},
		{"cores of one are not another's request", four, []string{
			tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 2}}"), tenantDoc("b", "{requests: {cpu: 2001m}}")},
			`spec.requests.cpu: is 2001m of the 4001m that tenants are promised together; this node has 4 less 0 reserved: lower a requests.cpu or the NodePolicy's reserved.cpu`},
		{"cores of its own are promised, requested or not", four, []string{
			tenantDoc("b", "{requests: {cpu: 2001m}}"), tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 2}}")},
			`spec.cpus: is Exclusive, with 2 of the 4001m that tenants are promised together; this node has 4 less 0 reserved: lower a requests.cpu or the NodePolicy's reserved.cpu`},
		{"cores of its own take no share of the others", four, []string{
			tenantDoc("a", "{cpus: Exclusive, limits: {cpu: 2}, weight: 10000}"), tenantDoc("b", "{requests: {cpu: 1}}"), tenantDoc("c", "{}")}, ""},

		{"a share as large as the request", four, []string{
			tenantDoc("a", "{requests: {cpu: 1}}"), tenantDoc("b", "{weight: 300}")}, ""},
		{"a share below the request", four, []string{
			tenantDoc("a", "{requests: {cpu: 1}}"), tenantDoc("b", "{weight: 400}")},
			`spec.weight: is 100 of 500, which gives 800m when every sibling is busy, less than requests.cpu 1; raise it to 134 or lower requests.cpu`},
		{"the weight that was named is enough", four, []string{
			tenantDoc("a", "{requests: {cpu: 1}, weight: 134}"), tenantDoc("b", "{weight: 400}")}, ""},
		{"one less is not", four, []string{
			tenantDoc("a", "{requests: {cpu: 1}, weight: 133}"), tenantDoc("b", "{weight: 400}")},
			`spec.weight: is 133 of 533, which gives 998m when every sibling is busy, less than requests.cpu 1; raise it to 134 or lower requests.cpu`},
		{"no weight is enough", four, []string{
			tenantDoc("a", "{requests: {cpu: 4}}"), tenantDoc("b", "{weight: 1}")},
			`spec.weight: is 100 of 101, which gives 3960m when every sibling is busy, less than requests.cpu 4; lower requests.cpu or the weights of its siblings`},
		{"no weight up to 10000 is enough", four, []string{
			tenantDoc("a", "{requests: {cpu: 3}}"), tenantDoc("b", "{weight: 3334}")},
			`spec.weight: is 100 of 3434, which gives 116m when every sibling is busy, less than requests.cpu 3; lower requests.cpu or the weights of its siblings`},
		{"an Idle sibling weighs nothing", four, []string{
			tenantDoc("a", "{requests: {cpu: 4}}"), tenantDoc("b", "{priority: Idle, weight: 10000}")}, ""},
		{"what is reserved is not shared", four, []string{
			tenantDoc("a", "{requests: {cpu: 2}}"), tenantDoc("b", "{}"), nodeDoc("{reserved: {cpu: 1}}")},
			`spec.weight: is 100 of 200, which gives 1500m when every sibling is busy, less than requests.cpu 2; raise it to 200 or lower requests.cpu`},

		{"three levels", four, []string{
			tenantDoc("top", "{weight: 100}"), tenantDoc("beside", "{weight: 100}"), // 2000m each
			tenantDoc("middle", "{parent: top, weight: 300}"), tenantDoc("other", "{parent: top}"), // 1500m
			tenantDoc("low", "{parent: middle, requests: {cpu: 750m}}"), tenantDoc("last", "{parent: middle}")}, ""},
		{"three levels, the lowest has too little", four, []string{
			tenantDoc("top", "{weight: 100}"), tenantDoc("beside", "{weight: 100}"),
			tenantDoc("middle", "{parent: top, weight: 300}"), tenantDoc("other", "{parent: top}"),
			tenantDoc("low", "{parent: middle, requests: {cpu: 751m}}"), tenantDoc("last", "{parent: middle}")},
			`spec.weight: is 100 of 200, which gives 750m when every sibling is busy, less than requests.cpu 751m; raise it to 101 or lower requests.cpu`},
		{"three levels, the top has too little for those below", four, []string{
			tenantDoc("top", "{requests: {cpu: 1}}"), tenantDoc("beside", "{weight: 100}"),
			tenantDoc("middle", "{parent: top}"),
			tenantDoc("low", "{parent: middle, requests: {cpu: 2001m}}"), tenantDoc("last", "{parent: middle, weight: 10000}")},
			`spec.weight: is 100 of 200, which gives 2 when every sibling is busy, less than the 2001m that those below it request; raise it to 101 or lower requests.cpu`},
		{"the parent's limit is less than its share", four, []string{
			tenantDoc("top", "{limits: {cpu: 1}}"), tenantDoc("low", "{parent: top, requests: {cpu: 600m}}"), tenantDoc("last", "{parent: top}")},
			`spec.weight: is 100 of 200, which gives 500m when every sibling is busy, less than requests.cpu 600m; raise it to 150 or lower requests.cpu`},
		{"below cores of one's own", four, []string{
			tenantDoc("top", "{cpus: Exclusive, limits: {cpu: 2}}"), tenantDoc("low", "{parent: top, requests: {cpu: 1}}"), tenantDoc("last", "{parent: top}"), tenantDoc("beside", "{weight: 10000}")}, ""},
		{"below cores of one's own, too little", four, []string{
			tenantDoc("top", "{cpus: Exclusive, limits: {cpu: 2}}"), tenantDoc("low", "{parent: top, requests: {cpu: 1001m}}"), tenantDoc("last", "{parent: top}")},
			`spec.weight: is 100 of 200, which gives 1 when every sibling is busy, less than requests.cpu 1001m; raise it to 101 or lower requests.cpu`},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects := objectsOf(t, test.docs...)
			c, err := Compile(objects)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, sentences(Admit(objects, c, test.node))); diff != "" {
				t.Errorf("want - got +:\n%s", diff)
			}
		})
	}
}

// TestAdmissionPointsAtTheKey: with the file and line that an editor jumps to.
func TestAdmissionPointsAtTheKey(t *testing.T) {
	objects := objectsOf(t, tenantDoc("a", "\n  weight: 1\n  requests:\n    cpu: 1"), tenantDoc("b", "\n  requests: {memory: 2Gi}"))
	c, err := Compile(objects)
	if err != nil {
		t.Fatal(err)
	}
	got := Admit(objects, c, Capacity{CPUMilli: 500, MemoryBytes: 1 << 30}).Error()
	for i, prefix := range []string{"test.yaml:7: spec.requests.cpu: ", "test.yaml:13: spec.requests.memory: "} {
		if lines := strings.Split(got, "\n"); len(lines) != 2 || !strings.HasPrefix(lines[i], prefix) {
			t.Errorf("got %q, want the line %d to begin with %q", got, i+1, prefix)
		}
	}
	got = Admit(objects, c, Capacity{CPUMilli: 1000, MemoryBytes: 8 << 30}).Error()
	if want := "test.yaml:5: spec.weight: "; !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
		t.Errorf("got %q, want one line that begins with %q", got, want)
	}
}

// sentences are the mistakes without their places.
func sentences(err error) string {
	var es Errors
	if !errors.As(err, &es) {
		return ""
	}
	var lines []string
	for _, e := range es {
		lines = append(lines, e.Key+": "+e.What)
	}
	return strings.Join(lines, "\n")
}
