package compile

import (
	"fmt"
	"slices"
	"strings"

	"tags.cncf.io/container-device-interface/pkg/cdi"
	"tags.cncf.io/container-device-interface/pkg/parser"
	specs "tags.cncf.io/container-device-interface/specs-go"

	"github.com/bulkhead-dev/bulkhead/api/v1alpha1"
	"github.com/bulkhead-dev/bulkhead/tenant"
)

const cdiKey = exceptionsKey + ".cdiDevices"

// cdiDevices checks the names. What the node's files have for them is read
// later, by GrantCDI, where there is a node: until then a name grants nothing.
func (k *compiler) cdiDevices(o *Object, in []string) []tenant.CDIDevice {
	var out []tenant.CDIDevice
	for i, name := range in {
		key := fmt.Sprintf("%s[%d]", cdiKey, i)
		if !isCDIName(name) {
			k.bad(o, key, "is "+quoted(name)+"; want VENDOR/CLASS=NAME as in nvidia.com/gpu=0, with one * at the end for all that begin so")
		} else if parent := k.parents[o]; parent != nil && !k.grantsCDI(parent, name) {
			k.exceeds(o, key, fmt.Sprintf("is %s, which its parent %s has not; remove it or add it to the parent's", name, parent.Name()))
		}
		out = append(out, tenant.CDIDevice{Name: name})
	}
	return out
}

// isCDIName reports a name of CDI, or the beginning of one with a '*' after it.
func isCDIName(name string) bool {
	if begin, all := strings.CutSuffix(name, "*"); all {
		name = begin + "0"
	}
	return parser.IsQualifiedName(name)
}

// grantsCDI reports whether a tenant itself has what a name stands for.
func (k *compiler) grantsCDI(o *Object, name string) bool {
	s := k.inherit(o).Security
	return s.Level == v1alpha1.Level(tenant.Privileged) ||
		slices.ContainsFunc(s.Exceptions.CDIDevices, func(granted string) bool { return stands(granted, name) })
}

// stands reports that a name, which may end in '*', stands for another.
func stands(granted, name string) bool {
	begin, all := strings.CutSuffix(granted, "*")
	return granted == name || all && strings.HasPrefix(name, begin)
}

// CDIFolders are where a node keeps its CDI files; what the later one says
// counts more. Source: the CDI's SPEC.md, "CDI JSON Specification".
func CDIFolders(root tenant.Root) []string {
	return []string{root.Path(cdi.DefaultStaticDir), root.Path(cdi.DefaultDynamicDir)}
}

// GrantCDI puts into a compiled policy what the node's CDI files have now for the
// names of exceptions.cdiDevices. A shim reads no such file. What cannot be
// granted is a warning: a tenant may be applied before its driver is installed.
func (c *Compiled) GrantCDI(objects []*Object, folders []string) {
	var files *cdiFiles
	for _, o := range objects {
		p := c.Tenants[o.Name()]
		if o.Tenant == nil || p == nil || len(p.Security.Exceptions.CDIDevices) == 0 {
			continue
		}
		if files == nil {
			files = readCDI(folders)
		}
		g := &cdiGrant{cdiFiles: files, of: c, to: o, shared: map[string]bool{}}
		for i, written := range p.Security.Exceptions.CDIDevices {
			g.key = fmt.Sprintf("%s[%d]", cdiKey, i)
			g.add(written.Name)
		}
		p.Security.Exceptions.CDIDevices = g.devices
	}
}

// cdiGrant collects what one tenant is granted.
type cdiGrant struct {
	*cdiFiles
	of      *Compiled
	to      *Object
	key     string          // that grants
	shared  map[string]bool // files of which that is granted which all their devices edit
	devices []tenant.CDIDevice
}

func (g *cdiGrant) warn(format string, args ...any) {
	g.of.Warnings = append(g.of.Warnings, &Error{File: g.to.File, Line: g.to.at(g.key), Key: g.key, What: fmt.Sprintf(format, args...)})
}

// add grants every device that a name stands for.
func (g *cdiGrant) add(written string) {
	found := false
	for _, name := range g.ListDevices() {
		if !stands(written, name) {
			continue
		}
		found = true
		d := g.GetDevice(name)
		file := d.GetSpec().GetPath()
		switch err := rootsOwn(file); {
		case err != nil:
			g.warn("finds %s in %s, which grants nothing: %v", name, file, err)
		case !slices.ContainsFunc(g.devices, func(has tenant.CDIDevice) bool { return has.Name == name }):
			if !g.shared[file] {
				g.shared[file] = true
				g.grant(d.GetSpec().Kind, file, &d.GetSpec().ContainerEdits)
			}
			g.grant(name, file, &d.ContainerEdits)
		}
	}
	if !found {
		g.warn("is %s, which no file in %s has; it grants nothing until one has it and the tenant is applied again%s",
			written, strings.Join(g.folders, " or "), g.unread())
	}
}

// grant adds the edits of a device, or by the kind's name those that every
// device of a file has.
func (g *cdiGrant) grant(name, file string, e *specs.ContainerEdits) {
	d := tenant.CDIDevice{Name: name}
	for _, n := range e.DeviceNodes {
		node, err := nodeOf(n)
		if err != nil {
			g.warn("does not grant %s, which %s has for %s: %v; apply the tenant again when it is there", n.Path, file, name, err)
			continue
		}
		d.Nodes = append(d.Nodes, node)
	}
	for _, m := range e.Mounts {
		d.Mounts = append(d.Mounts, tenant.CDIMount{HostPath: m.HostPath, ContainerPath: m.ContainerPath, Type: m.Type, Options: m.Options})
	}
	for _, h := range e.Hooks {
		d.Hooks = append(d.Hooks, tenant.CDIHook{Stage: h.HookName, Path: h.Path, Args: h.Args, Env: h.Env, Timeout: h.Timeout})
	}
	if len(e.NetDevices) > 0 || e.IntelRdt != nil {
		g.warn("does not grant the network interfaces and the class of Intel RDT that %s has for %s", file, name)
	}
	if len(d.Nodes)+len(d.Mounts)+len(d.Hooks) > 0 {
		g.devices = append(g.devices, d)
	}
}
