package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// files are the content of one version of the policy, by path: the same
// objects, compiled by the same binary, give the same files.
type files map[string]file

// file is a regular file, or a symbolic link when link is set.
type file struct {
	data []byte
	link string
}

// render lays a policy out as package tenant reads it.
func render(c *Compiled, objects []*Object) (files, error) {
	out := files{}
	if err := out.json("node.json", c.Node); err != nil {
		return nil, err
	}
	for name, p := range c.Tenants {
		if err := out.json("tenants/"+name+".json", p); err != nil {
			return nil, err
		}
	}
	for _, kind := range []tenant.Kind{tenant.KubernetesNamespace, tenant.ContainerdNamespace} {
		for namespace, name := range c.Selectors[kind] {
			out[path.Join("by", string(kind), namespace)] = file{link: "../../tenants/" + name + ".json"}
		}
		for prefix, name := range c.Prefixes[kind] {
			out[path.Join("by", string(kind)+"-prefix", prefix)] = file{link: "../../tenants/" + name + ".json"}
		}
		for _, namespace := range c.Exemptions[kind] {
			out[path.Join("exempt", string(kind), namespace)] = file{}
		}
	}
	for _, o := range objects {
		out["objects/"+o.Ref()+".yaml"] = file{data: []byte(o.Text)}
	}
	return out, nil
}

func (fs files) json(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	fs[name] = file{data: append(data, '\n')}
	return nil
}

// version is the name of the files' content.
func (fs files) version() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		f := fs[name]
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00", name, f.link, len(f.data))
		h.Write(f.data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
