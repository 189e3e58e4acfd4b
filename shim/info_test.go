package shim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	runcoptions "github.com/containerd/containerd/api/types/runc/options"
	runtimeoptions "github.com/containerd/containerd/api/types/runtimeoptions/v1"
	"github.com/containerd/typeurl/v2"
	"github.com/opencontainers/runtime-spec/specs-go/features"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/bulkhead-dev/bulkhead/runtime"
	"github.com/bulkhead-dev/bulkhead/tenant"
	"github.com/bulkhead-dev/bulkhead/tenant/compile/compiletest"
)

// withDelegate returns an installation whose delegate answers `features`.
func withDelegate(t *testing.T) *engineManager {
	t.Helper()
	runc := filepath.Join(t.TempDir(), "runc")
	script := "#!/bin/sh\necho '{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\",\"mountOptions\":[\"rro\"]}'\n"
	if err := os.WriteFile(runc, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	root := tenant.Root(t.TempDir())
	compiletest.Apply(t, root, fmt.Sprintf(
		"apiVersion: bulkhead.dev/v1alpha1\nkind: NodePolicy\nmetadata: {name: default}\nspec: {delegates: {runc: %s}}\n", runc))
	return &engineManager{runtime.New(root, runtime.Execute)}
}

func packed(t *testing.T, m proto.Message) []byte {
	t.Helper()
	a, err := typeurl.MarshalAnyToProto(m)
	if err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestInfoAnswersEveryEnginesOptions(t *testing.T) {
	m := withDelegate(t)
	for name, input := range map[string][]byte{
		"no options":          nil,
		"runc's options":      packed(t, &runcoptions.Options{SystemdCgroup: true}),
		"a handler's options": packed(t, &runtimeoptions.Options{TypeUrl: "x", ConfigPath: "/etc/bulkhead/handlers/acme.toml"}),
	} {
		info, err := m.Info(context.Background(), bytes.NewReader(input))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v, err := typeurl.UnmarshalAny(info.Features)
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := v.(*features.Features); !ok || f.OCIVersionMax != "1.3.0" || len(f.MountOptions) != 1 {
			t.Errorf("%s: features %+v", name, v)
		}
	}
	if _, err := m.Info(context.Background(), bytes.NewReader([]byte{0xff, 0xff})); err == nil {
		t.Error("garbage was accepted")
	}
}

func TestOptionsOfAnotherRuntimeAreRefused(t *testing.T) {
	a, err := anypb.New(&anypb.Any{})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := decodeOptions(a); err == nil {
		t.Errorf("decoded %+v", o)
	}
}

// Whatever a caller chose, the delegate gets what the isolators let through,
// and never a field that would replace or weaken it.
func TestOptionsThatReachTheDelegateHaveNoCallersChoice(t *testing.T) {
	asked := packed(t, &runcoptions.Options{NoPivotRoot: true, NoNewKeyring: true, ShimCgroup: "/x", CriuImagePath: "/x", CriuWorkPath: "/x"})
	a := new(anypb.Any)
	if err := proto.Unmarshal(asked, a); err != nil {
		t.Fatal(err)
	}
	decoded, err := decodeOptions(a)
	if err != nil || !decoded.NoPivotRoot || decoded.ShimCgroup != "/x" {
		t.Fatalf("decoded %+v, %v: the isolator would not see what was asked", decoded, err)
	}
	encoded, err := encodeOptions(decoded)
	if err != nil {
		t.Fatal(err)
	}
	v, err := typeurl.UnmarshalAny(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if o := v.(*runcoptions.Options); !proto.Equal(o, &runcoptions.Options{}) {
		t.Errorf("the delegate got %+v", o)
	}
}
