package shim

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	taskv3 "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types"
	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// messages are what a client sends, with those within.
func messages() []protoreflect.MessageDescriptor {
	all := []protoreflect.MessageDescriptor{
		new(types.Mount).ProtoReflect().Descriptor(),
		new(runcoptions.Options).ProtoReflect().Descriptor(),
		new(runtimeoptions.Options).ProtoReflect().Descriptor(),
	}
	methods := taskAPI().Methods()
	for i := range methods.Len() {
		all = append(all, methods.Get(i).Input())
	}
	return all
}

func taskAPI() protoreflect.ServiceDescriptor {
	return taskv3.File_runtime_task_v3_shim_proto.Services().ByName("Task")
}

// each calls a function for each field of a message.
func each(m protoreflect.MessageDescriptor, do func(protoreflect.FieldDescriptor)) {
	for i := range m.Fields().Len() {
		do(m.Fields().Get(i))
	}
}

// nameOf is a field's name without the package that most are of.
func nameOf(f protoreflect.FieldDescriptor) string {
	name := string(f.FullName())
	for _, of := range []string{"containerd.task.v3.", "containerd.types.", "containerd.runc.v1."} {
		name = strings.TrimPrefix(name, of)
	}
	return name
}

func TestEveryFieldOfTheTaskAPIIsDecided(t *testing.T) {
	known := map[string]bool{}
	for _, m := range messages() {
		each(m, func(f protoreflect.FieldDescriptor) {
			known[nameOf(f)] = true
			if fields[nameOf(f)] == "" {
				t.Errorf("nobody decides %s", nameOf(f))
			}
			if in := f.Message(); in != nil && !f.IsMap() && in.FullName() != "google.protobuf.Any" && !slices.Contains(messages(), in) {
				t.Errorf("nobody looks into %s, a %s", nameOf(f), in.FullName())
			}
		})
	}
	for name, decides := range fields {
		if !known[name] {
			t.Errorf("%s is no field", name)
		}
		owns := func(i isolator.Isolator) bool {
			return slices.ContainsFunc(i.Owns, func(p string) bool { return strings.HasPrefix(decides+"/", p+"/") })
		}
		if strings.HasPrefix(decides, "/") && !slices.ContainsFunc(isolator.All(), owns) {
			t.Errorf("%s becomes %s, which no isolator owns", name, decides)
		}
	}
}

// What the table says of a Create is so: a field that is set is set in what the
// isolators see.
func TestFieldsOfACreateReachTheirIsolators(t *testing.T) {
	for _, m := range []proto.Message{new(taskv3.CreateTaskRequest), new(types.Mount), new(runcoptions.Options)} {
		each(m.ProtoReflect().Descriptor(), func(f protoreflect.FieldDescriptor) {
			pointer := fields[nameOf(f)]
			if !strings.HasPrefix(pointer, "/") {
				return
			}
			with := m.ProtoReflect().New()
			with.Set(f, something(t, with, f))
			asked, err := request(createWith(t, with.Interface()))
			if err != nil {
				t.Fatal(err)
			}
			if v := at(t, asked, pointer); v == nil || reflect.ValueOf(v).IsZero() {
				t.Errorf("%s is set, and %s is %v", nameOf(f), pointer, v)
			}
		})
	}
}

// something is a value other than none.
func something(t *testing.T, in protoreflect.Message, f protoreflect.FieldDescriptor) protoreflect.Value {
	t.Helper()
	values := map[protoreflect.Kind]protoreflect.Value{
		protoreflect.StringKind: protoreflect.ValueOfString("x"),
		protoreflect.BoolKind:   protoreflect.ValueOfBool(true),
		protoreflect.Uint32Kind: protoreflect.ValueOfUint32(7),
	}
	v, ok := values[f.Kind()]
	if !ok {
		t.Fatalf("%s is of kind %v", nameOf(f), f.Kind())
	}
	if !f.IsList() {
		return v
	}
	list := in.NewField(f)
	list.List().Append(v)
	return list
}

// createWith is a request that brings a message.
func createWith(t *testing.T, m proto.Message) *taskv3.CreateTaskRequest {
	t.Helper()
	switch m := m.(type) {
	case *types.Mount:
		return &taskv3.CreateTaskRequest{Rootfs: []*types.Mount{m}}
	case *runcoptions.Options:
		a, err := typeurl.MarshalAnyToProto(m)
		if err != nil {
			t.Fatal(err)
		}
		return &taskv3.CreateTaskRequest{Options: a}
	default:
		return m.(*taskv3.CreateTaskRequest)
	}
}

// at returns what JSON has at a pointer, nil if nothing.
func at(t *testing.T, r *isolator.Request, pointer string) any {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, token := range strings.Split(pointer, "/")[1:] {
		switch in := v.(type) {
		case map[string]any:
			v = in[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// Of all that can be said, the delegate is told only what follows from the node.
func TestOnlyTheNodesOptionsReachTheDelegate(t *testing.T) {
	var all isolator.Options
	for v, i := reflect.ValueOf(&all).Elem(), 0; i < v.NumField(); i++ {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		default:
			f.SetUint(7)
		}
	}
	a, err := encodeOptions(all)
	if err != nil {
		t.Fatal(err)
	}
	o := new(runcoptions.Options)
	if err := typeurl.UnmarshalTo(a, o); err != nil {
		t.Fatal(err)
	}
	var got []string
	o.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		got = append(got, string(f.Name()))
		return true
	})
	slices.Sort(got)
	if want := []string{"binary_name", "io_gid", "io_uid", "root", "systemd_cgroup"}; !slices.Equal(got, want) {
		t.Errorf("the delegate is told %q, want %q", got, want)
	}
}

// A call that nobody guards is upstream's: the embedded service answers it.
func TestEveryCallIsGuardedOrPasses(t *testing.T) {
	methods := taskAPI().Methods()
	for i := range methods.Len() {
		name := string(methods.Get(i).Name())
		decides := calls[name]
		m, ok := reflect.TypeFor[*service]().MethodByName(name)
		if decides == "" || !ok {
			t.Errorf("nobody decides %s", name)
			continue
		}
		file, _ := goruntime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
		guarded := filepath.Base(file)
		if guarded == "<autogenerated>" {
			guarded = ""
		}
		if said := strings.HasSuffix(decides, ".go"); said && guarded != decides || !said && guarded != "" {
			t.Errorf("%s is guarded by %q, and the table says %q", name, guarded, decides)
		}
	}
	if methods.Len() != len(calls) {
		t.Errorf("the table has %d calls, the task API %d", len(calls), methods.Len())
	}
}
