package compile

import (
	"reflect"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
)

// TestEveryKeyIsInheritedOrListed: a child that writes nothing has every key
// of its grandparent, but those that are each tenant's own.
func TestEveryKeyIsInheritedOrListed(t *testing.T) {
	objects := objectsOf(t, tenantDoc("top", "{}"), tenantDoc("middle", "{parent: top}"), tenantDoc("low", "{parent: middle}"))
	top := &objects[0].Tenant.Spec
	write(reflect.ValueOf(top).Elem())
	top.Parent = ""
	k := &compiler{out: new(Compiled), mistaken: map[place]bool{}, specs: map[*Object]*v1alpha1.TenantSpec{}}
	k.relate(objects)
	low := k.inherit(objects[2])
	var leaves []string
	walk("spec", reflect.ValueOf(low).Elem(), func(key string, v reflect.Value) {
		leaves = append(leaves, key)
		want := !slices.Contains(own, key)
		if has := !v.IsZero(); has != want && key != "spec.parent" {
			t.Errorf("%s is inherited: %v, want %v", key, has, want)
		}
	})
	for _, key := range own {
		if !slices.Contains(leaves, key) {
			t.Errorf("%s is no key", key)
		}
	}
	if middle := k.inherit(objects[1]); middle.Parent != "top" || low.Parent != "middle" {
		t.Errorf("parents are %s and %s", middle.Parent, low.Parent)
	}
	if written := objects[2].Tenant.Spec; !reflect.DeepEqual(written, v1alpha1.TenantSpec{Parent: "middle"}) {
		t.Errorf("what the operator wrote was changed to %+v", written)
	}
}

// walk calls do for every key, a section that is somebody's own as one.
func walk(key string, v reflect.Value, do func(string, reflect.Value)) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[v1alpha1.Profile]() || slices.Contains(own, key) {
		do(key, v)
		return
	}
	names, values := members(v)
	for i, name := range names {
		walk(join(key, name), values[i].value, do)
	}
}

// write sets every key.
func write(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Type().Elem() != reflect.TypeFor[resource.Quantity]() {
			write(v.Elem())
		}
	case reflect.Struct:
		_, values := members(v)
		for _, m := range values {
			write(m.value)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1)
	}
}

func TestAWrittenListMapOrProfileIsNotAddedTo(t *testing.T) {
	objects := objectsOf(t,
		tenantDoc("top", `{limits: {blockIO: [{device: /a, readIOPS: 1}]}, container: {rlimits: {nofile: {hard: 1}}}, security: {appArmorProfile: {type: Localhost, localhostProfile: web}}}`),
		tenantDoc("low", `{parent: top, limits: {blockIO: []}, container: {rlimits: {}}, security: {appArmorProfile: {type: RuntimeDefault}}}`))
	k := &compiler{out: new(Compiled), mistaken: map[place]bool{}, specs: map[*Object]*v1alpha1.TenantSpec{}}
	k.relate(objects)
	low := k.inherit(objects[1])
	if n := len(low.Limits.BlockIO) + len(low.Container.Rlimits); n != 0 || low.Security.AppArmorProfile.LocalhostProfile != "" {
		t.Errorf("has what its parent has too: %+v", low)
	}
}
