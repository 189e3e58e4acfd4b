package shim

import (
	"testing"

	bootapi "github.com/containerd/containerd/api/runtime/bootstrap/v1"
	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/proto"
)

func TestBootstrapParametersAreToldFromLegacyOptions(t *testing.T) {
	args := arguments{id: "c1", namespace: "acme"}
	encode := func(m proto.Message) []byte {
		data, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	options, err := typeurl.MarshalAnyToProto(&runcoptions.Options{BinaryName: "/usr/bin/runc"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		input []byte
		want  bool
	}{
		{"containerd 2.3 and later", encode(&bootapi.BootstrapParams{InstanceID: "c1", Namespace: "acme"}), true},
		{"another container's parameters", encode(&bootapi.BootstrapParams{InstanceID: "c2", Namespace: "acme"}), false},
		{"containerd 1.7 with options", encode(options), false},
		{"containerd 1.6 without", nil, false},
		{"garbage", []byte{0xff, 0x00, 0xff}, false},
	} {
		if got := speaksBootstrap(test.input, args); got != test.want {
			t.Errorf("%s: speaksBootstrap = %v, want %v", test.name, got, test.want)
		}
	}
}
