package spec_test

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec"
)

// What an update leaves out stays as recorded, and 0 leaves a number out.
func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ recorded, update, want string }{
		"a period alone keeps the quota": {
			`{"cpu": {"quota": 200000, "period": 100000}}`, `{"cpu": {"period": 1000}}`,
			`{"cpu":{"quota":200000,"period":1000}}`,
		},
		"0 names nothing": {
			`{"memory": {"limit": 1024, "reservation": 5}, "cpu": {"quota": 1, "shares": 2}}`,
			`{"memory": {"limit": 0, "reservation": 0, "swap": 0}, "cpu": {"quota": 0, "period": 0, "shares": 0}}`,
			`{"memory":{"limit":1024,"reservation":5},"cpu":{"shares":2,"quota":1}}`,
		},
		"0 tasks are a limit": {`{"pids": {"limit": 5}}`, `{"pids": {"limit": 0}}`, `{"pids":{"limit":0}}`},
		"false and a burst of 0 are named": {
			`{"memory": {"disableOOMKiller": true}, "cpu": {"burst": 5}}`, `{"memory": {"disableOOMKiller": false}, "cpu": {"burst": 0}}`,
			`{"memory":{"disableOOMKiller":false},"cpu":{"burst":0}}`,
		},
		"swap keeps its distance to a limit that comes alone": {
			`{"memory": {"limit": 1000, "swap": 1500}}`, `{"memory": {"limit": 4000}}`, `{"memory":{"limit":4000,"swap":4500}}`,
		},
		"swap follows a lower limit too": {
			`{"memory": {"limit": 1000, "swap": 1000}}`, `{"memory": {"limit": 600}}`, `{"memory":{"limit":600,"swap":600}}`,
		},
		"no limit of memory is none of swap": {
			`{"memory": {"limit": 1000, "swap": 1000}}`, `{"memory": {"limit": -1}}`, `{"memory":{"limit":-1,"swap":-1}}`,
		},
		"a sum too large to count": {
			`{"memory": {"limit": 1, "swap": 9223372036854775807}}`, `{"memory": {"limit": 9223372036854775800}}`,
			`{"memory":{"limit":9223372036854775800,"swap":9223372036854775807}}`,
		},
		"a named swap is the swap": {
			`{"memory": {"limit": 1000, "swap": 1000}}`, `{"memory": {"limit": 2000, "swap": 2500}}`, `{"memory":{"limit":2000,"swap":2500}}`,
		},
		"files of the cgroup by name": {
			`{"unified": {"pids.max": "5", "io.weight": "1"}}`, `{"unified": {"pids.max": "6"}}`, `{"unified":{"io.weight":"1","pids.max":"6"}}`,
		},
		"huge pages by size": {
			`{"hugepageLimits": [{"pageSize": "2MB", "limit": 1}, {"pageSize": "1GB", "limit": 2}]}`, `{"hugepageLimits": [{"pageSize": "2MB", "limit": 3}]}`,
			`{"hugepageLimits":[{"pageSize":"1GB","limit":2},{"pageSize":"2MB","limit":3}]}`,
		},
		"limits of block devices by device": {
			`{"blockIO": {"weight": 100, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}, {"major": 8, "minor": 16, "rate": 2}]}}`,
			`{"blockIO": {"weight": 0, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 3}], "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]}}`,
			`{"blockIO":{"weight":100,"throttleReadBpsDevice":[{"major":8,"minor":16,"rate":2},{"major":8,"minor":0,"rate":3}],"throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":4}]}}`,
		},
		"a weight alone keeps the limits of block devices": {
			`{"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}]}}`, `{"blockIO": {"weight": 10}}`,
			`{"blockIO":{"weight":10,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1}]}}`,
		},
		"two weights of a device come apart": {
			`{"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "weight": 10, "leafWeight": 20}, {"major": 8, "minor": 16, "weight": 30}]}}`,
			`{"blockIO": {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 40}]}}`,
			`{"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":10,"leafWeight":40},{"major":8,"minor":16,"weight":30}]}}`,
		},
		"elements of a list do not mix": {
			`{"devices": [{"allow": true, "type": "c", "major": 1, "access": "rwm"}]}`, `{"devices": [{"allow": false}]}`, `{"devices":[{"allow":false}]}`,
		},
		"nothing recorded": {`null`, `{"pids": {"limit": 5}}`, `{"pids":{"limit":5}}`},
	} {
		t.Run(name, func(t *testing.T) {
			var recorded, update *specs.LinuxResources
			decodeAll(t, c.recorded, &recorded)
			decodeAll(t, c.update, &update)
			before := inJSON([]any{recorded, update})
			got, err := spec.Merge(recorded, update)
			if err != nil {
				t.Fatal(err)
			}
			if inJSON(got) != c.want {
				t.Errorf("got  %s\nwant %s", inJSON(got), c.want)
			}
			if after := inJSON([]any{recorded, update}); after != before {
				t.Errorf("the arguments changed from %s to %s", before, after)
			}
		})
	}
}

func decodeAll(t testing.TB, text string, v any) {
	t.Helper()
	if err := spec.Decode([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}
