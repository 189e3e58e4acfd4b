package isolator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// restrainBind decides a bind mount: what it shows, where, and its options.
//
// It gets no nosuid or nodev by itself. A delegate that is given one flag for a
// bind mount sets exactly those that are listed, and so lifts what the node's
// own mount has beyond them, ro before all (runc 1.5.2, rootfs_linux.go,
// mountToRootfs). Devices are the business of the devices isolator, and what a
// set-user-ID program gains is bounded by the capabilities.
func (s mountScope) restrainBind(m *specs.Mount) error {
	var errs []error
	listed, err := s.source(m)
	errs = append(errs, err)
	if err == nil && isReserved(place(*m)) && !(listed && mayReserve(*m)) {
		errs = append(errs, s.reservedDenial(*m))
	}
	errs = append(errs, s.knownOptions(*m, bindOptions), s.mappedAsContainer(*m))
	return errors.Join(errs...)
}

// source decides what of the node a bind mount shows, in the order of the
// design; listed: it is one of the paths that the policy lists.
func (s mountScope) source(m *specs.Mount) (listed bool, err error) {
	p := path.Clean(m.Source)
	if !path.IsAbs(m.Source) || comesBack(m.Source) {
		return false, mountDenial(*m, "source", m.Source, "a clean absolute path", Nothing)
	}
	f := s.Facts.Files[m.Source]
	foreign := f.Volume != "" && f.Volume != s.Policy.Name
	switch {
	case s.isEngines(p, f), s.isVolume(p, f), s.isOfHostNamespace(*m), s.isInit(*m, f):
		return false, nil
	case s.privileged && !foreign:
		return true, nil
	}
	found, writable := s.listed(p, f)
	for _, origin := range f.Origins {
		f2, w := s.listed(origin, f)
		found, writable = found || f2, writable || w
	}
	if !found {
		return false, s.sourceDenial(*m, p, f, foreign)
	}
	if writable {
		return true, nil
	}
	return true, s.readOnly(m)
}

// isPlain reports a file or folder. What a socket, a fifo or a device leads to
// is another than whoever has the folder that it is in. One inside of a folder
// that is mounted is not seen here: devices are decided by the cgroup's rules,
// and a folder with an engine's socket is not to be listed (invariant I7).
func isPlain(f File) bool { return f.Kind == Folder || f.Kind == Regular }

// listed reports a path that exceptions.hostPaths have, or that is below one,
// and whether one of those is writable: a folder within it is then writable
// whatever else is said of it.
func (s mountScope) listed(p string, f File) (found, writable bool) {
	for _, h := range s.Policy.Security.Exceptions.HostPaths {
		if p == h.Path && f.Kind != "" || isPlain(f) && belowOneOf([]string{h.Path}, p) {
			found, writable = true, writable || !h.ReadOnly
		}
	}
	return found, writable
}

// readOnly makes a bind mount read-only with all that is mounted below it. rro
// alone lifts nothing that the node's own mount has, see restrainBind.
func (s mountScope) readOnly(m *specs.Mount) error {
	switch {
	case effectOf(*m).flags[readOnlyFlag] == everywhere:
		return nil
	case !s.Facts.Delegate.RecursiveReadOnly:
		return mountDenial(*m, "options", strings.Join(m.Options, ","),
			"bind and ro, because this node cannot make what is mounted below read-only", allowHostPath(path.Clean(m.Source)))
	}
	m.Options = append(slices.DeleteFunc(m.Options, func(o string) bool { return o == "rw" }), "rro")
	return nil
}

// mappedAsContainer accepts IDs of a mount that are those of the container, as
// the kubelet asks for with hostUsers: false: what the container's root writes
// belongs to root on the disk, as it does without a user namespace.
func (s mountScope) mappedAsContainer(m specs.Mount) error {
	uids, gids := idMappings(s.asked)
	mapped := len(m.UIDMappings)+len(m.GIDMappings) > 0
	named := slices.Contains(m.Options, "idmap") || slices.Contains(m.Options, "ridmap")
	switch {
	case !mapped && !named:
		return nil
	case userNamespace(s.Facts, s.asked) != Host && (!mapped || slices.Equal(m.UIDMappings, uids) && slices.Equal(m.GIDMappings, gids)):
		return nil
	}
	d := mountDenial(m, "uidMappings", "", "none, or those of the container's user namespace", Nothing)
	d.Got = "other than linux.uidMappings"
	return d
}

// isOfCDI reports a mount that is an edit of a CDI device which the tenant has.
func (s mountScope) isOfCDI(m specs.Mount) bool {
	return slices.ContainsFunc(s.Policy.Security.Exceptions.CDIDevices, func(d tenant.CDIDevice) bool {
		return slices.ContainsFunc(d.Mounts, func(e tenant.CDIMount) bool {
			return m.Source == e.HostPath && m.Destination == e.ContainerPath && m.Type == e.Type && slices.Equal(m.Options, e.Options) &&
				len(m.UIDMappings)+len(m.GIDMappings) == 0
		})
	})
}

// sourceDenial does not say whose a volume is: tenants do not know each other.
func (s mountScope) sourceDenial(m specs.Mount, p string, f File, foreign bool) error {
	var note string
	if len(f.Origins) > 0 { // it is mounted here only to be handed over
		p = f.Origins[0]
		note = ", which is " + strconv.Quote(p)
	}
	below := slices.ContainsFunc(s.Policy.Security.Exceptions.HostPaths, func(h tenant.HostPath) bool { return p == h.Path || belowOneOf([]string{h.Path}, p) })
	d := mountDenial(m, "source", m.Source, "what the engine made for this container, a volume of its tenant, or a listed path", allowHostPath(p))
	switch {
	case s.goesWithHostNamespace(m):
		d.Allow = fmt.Sprintf("security.exceptions.hostNamespaces: [%s]", hostException[hostNamespaceMounts[m.Source]])
	case foreign:
		note += ", a volume of another tenant"
	case below && f.Kind == "":
		d.Want, d.Allow = "a file or a folder that is there, by a path without links", Nothing
	case below:
		note += ", a " + kindNames[f.Kind]
		d.Want = "a file or a folder; anything else is listed by its own path"
	}
	d.Got += note
	return d
}

var kindNames = map[FileKind]string{
	Folder: "folder", Regular: "file", Socket: "socket", Fifo: "fifo", Block: "block device", Char: "character device",
}

// allowHostPath names the exception for a path. Compile wants it clean, and has
// none for all of the node.
func allowHostPath(p string) string {
	if p == "/" {
		return "security.level: privileged"
	}
	text := p
	if strings.ContainsAny(p, " \t\n\"'#,:[]{}&*!|>%@`\\") || strings.ContainsFunc(p, isControlCharacter) {
		text = strconv.Quote(p)
	}
	return "security.exceptions.hostPaths: [{path: " + text + "}]"
}
