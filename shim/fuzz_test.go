package shim

import (
	"bytes"
	"encoding/json"
	"testing"

	bootapi "github.com/containerd/containerd/api/runtime/bootstrap/v1"
	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types"
	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/spec"
	"github.com/bulkhead-dev/bulkhead/spec/isolator"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

// FuzzRequest: whatever the bytes of a Create, an Exec, an Update or a `start`
// are, they are read or refused, and what is read is what the delegate gets.
func FuzzRequest(f *testing.F) {
	add := func(m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	wrap := func(m proto.Message) *anypb.Any {
		a, err := typeurl.MarshalAnyToProto(m)
		if err != nil {
			f.Fatal(err)
		}
		return a
	}
	const process = "types.containerd.io/opencontainers/runtime-spec/1/Process"
	add(&taskv3.CreateTaskRequest{ID: "c1", Bundle: "/b", Rootfs: []*types.Mount{{Type: "overlay", Options: []string{"lowerdir=/l"}}}, Stdout: "binary:///bin/touch",
		Options: wrap(&runcoptions.Options{BinaryName: "/bin/true", NoPivotRoot: true, Root: "/r", SystemdCgroup: true, IoUid: 1})})
	add(&taskv3.CreateTaskRequest{Options: wrap(&runtimeoptions.Options{ConfigPath: "/etc/bulkhead/handlers/x"}), Checkpoint: "/c", Terminal: true})
	add(&taskv3.CreateTaskRequest{Options: wrap(&runtimeoptions.Options{ConfigBody: []byte(`tenant = "acme"`)})})
	add(&taskv3.CreateTaskRequest{Options: &anypb.Any{TypeUrl: process, Value: []byte(`{}`)}})
	add(&taskv3.ExecProcessRequest{ID: "c1", ExecID: "e", Terminal: true, Spec: &anypb.Any{TypeUrl: process, Value: []byte(`{"args":["sh"],"cwd":"/","user":{"uid":0}}`)}})
	add(&taskv3.UpdateTaskRequest{ID: "c1", Resources: &anypb.Any{Value: []byte(`{"memory":{"limit":-1},"unified":{"memory.max":"max"}}`)}})
	add(&bootapi.BootstrapParams{InstanceID: "c1", Namespace: "acme"})
	root := tenant.Root(f.TempDir())
	f.Fuzz(func(t *testing.T, data []byte) {
		speaksBootstrap(data, arguments{id: "c1", namespace: "acme"})
		if r := new(taskv3.CreateTaskRequest); proto.Unmarshal(data, r) == nil {
			createIsRead(t, root, r)
		}
		if r := new(taskv3.ExecProcessRequest); proto.Unmarshal(data, r) == nil {
			sameAgain(t, r.GetSpec().GetValue(), new(specs.Process), new(specs.Process))
		}
		if r := new(taskv3.UpdateTaskRequest); proto.Unmarshal(data, r) == nil {
			sameAgain(t, r.GetResources().GetValue(), new(specs.LinuxResources), new(specs.LinuxResources))
		}
	})
}

// createIsRead checks that what upstream's service reads of the options is what
// was decided, without what no caller may choose.
func createIsRead(t *testing.T, root tenant.Root, r *taskv3.CreateTaskRequest) {
	t.Helper()
	for _, namespace := range []string{"acme", tenant.Kubernetes} {
		if name, err := pinnedTenant(root, namespace, r.Options); name != "" && err != nil {
			t.Errorf("tenant %q with %v", name, err)
		}
	}
	asked, err := request(r)
	if err != nil {
		return
	}
	a, err := encodeOptions(asked.Options)
	if err != nil {
		return // not UTF-8
	}
	got, err := decodeOptions(a)
	if err != nil {
		t.Fatalf("what was encoded is not read: %v", err)
	}
	o := asked.Options
	want := isolator.Options{BinaryName: o.BinaryName, Root: o.Root, SystemdCgroup: o.SystemdCgroup, IoUID: o.IoUID, IoGID: o.IoGID}
	if got != want {
		t.Errorf("the delegate gets %+v, want %+v", got, want)
	}
}

// sameAgain checks that what is read, written and read again is the same.
func sameAgain(t *testing.T, data []byte, first, second any) {
	t.Helper()
	if spec.Decode(data, first) != nil {
		return
	}
	once, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Decode(once, second); err != nil {
		t.Fatalf("%v\n%s", err, once)
	}
	if twice, err := json.Marshal(second); err != nil || !bytes.Equal(once, twice) {
		t.Errorf("read again it is another: %v\n%s\n%s", err, once, twice)
	}
}
