package cgroup

import (
	"maps"
	"testing"

	"github.com/bulkhead-dev/bulkhead/spec/cpulist"
)

// cores makes cores of these lists.
func cores(t *testing.T, lists ...string) []cpulist.Set {
	t.Helper()
	var all []cpulist.Set
	for _, list := range lists {
		core, ok := cpulist.From(list)
		if !ok {
			t.Fatalf("%q is no list", list)
		}
		all = append(all, core)
	}
	return all
}

func TestGiveHandsOutWholeCores(t *testing.T) {
	node := cores(t, "0,4", "1,5", "2,6", "3,7")
	for name, c := range map[string]struct {
		demand map[string]int64
		before *CPUs
		want   map[string]string
		shared string
	}{
		"from the last on":          {map[string]int64{"a": 2, "b": 2}, nil, map[string]string{"a": "3,7", "b": "2,6"}, "0-1,4-5"},
		"half a core is a whole":    {map[string]int64{"a": 1}, nil, map[string]string{"a": "3,7"}, "0-2,4-6"},
		"what one has one keeps":    {map[string]int64{"a": 2, "b": 2}, &CPUs{Exclusive: map[string]string{"b": "3,7"}}, map[string]string{"a": "2,6", "b": "3,7"}, "0-1,4-5"},
		"who wants more gets more":  {map[string]int64{"b": 4}, &CPUs{Exclusive: map[string]string{"b": "2,6"}}, map[string]string{"b": "2-3,6-7"}, "0-1,4-5"},
		"who wants less keeps some": {map[string]int64{"b": 2}, &CPUs{Exclusive: map[string]string{"b": "2-3,6-7"}}, map[string]string{"b": "3,7"}, "0-2,4-6"},
		"nobody wants any":          {nil, &CPUs{Exclusive: map[string]string{"b": "3,7"}}, map[string]string{}, "0-7"},
	} {
		got, err := give(c.demand, node, c.before)
		if err != nil || !maps.Equal(got.Exclusive, c.want) || got.Shared != c.shared {
			t.Errorf("%s: %v, %v; want %v, shared %s", name, got, err, c.want, c.shared)
		}
	}
	want := "not supported on this node: tenant b cannot have 4 CPUs of its own: the node has 4 cores, and one stays for everybody"
	if _, err := give(map[string]int64{"a": 4, "b": 4}, node, nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
