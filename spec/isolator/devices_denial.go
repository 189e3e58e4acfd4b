package isolator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// fewDevices is how many a sentence names.
const fewDevices = 4

// deviceDenials are at most two sentences, however much was asked for: one about
// single devices and one about rules for many.
func deviceDenials(c *Case, nodes []specs.LinuxDevice, rules []specs.LinuxDeviceCgroup) error {
	var wide []string
	var single []excess
	named := map[string]bool{}
	for _, n := range nodes {
		d, ok := deviceOf(n)
		named[d.String()] = true
		single = append(single, excess{d, n.Path, ok})
	}
	for _, r := range rules {
		rule := ruleOf(r)
		name := rule.String()
		d := deviceRange{kind: rule.kind, major: rule.major, minor: rule.minor}
		if rule.one() {
			name = d.String()
		}
		switch {
		case named[name]:
		case rule.one():
			single = append(single, excess{d, "", true})
		default:
			wide = append(wide, name)
		}
		named[name] = true
	}
	var errs []error
	if len(single) > 0 {
		errs = append(errs, singleDenial(c, single, len(nodes) > 0))
	}
	if len(wide) > 0 {
		errs = append(errs, &Denial{"devices", "linux.resources.devices", firstFew(wide), "rules for single devices", "security.level: privileged"})
	}
	return errors.Join(errs...)
}

// excess is a device that the tenant has not.
type excess struct {
	deviceRange
	path string // in the container; empty: only a rule names it
	is   bool   // a device
}

func (e excess) String() string {
	switch {
	case !e.is:
		return legible(e.path) + " (no device)"
	case e.path == "":
		return e.deviceRange.String()
	}
	return fmt.Sprintf("%s (%s)", legible(e.path), e.deviceRange)
}

// legible is a path as it is, or quoted if it holds more than letters show.
func legible(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}

func (d deviceRange) String() string { return fmt.Sprintf("%c %d:%d", d.kind, d.major, d.minor) }

func (r deviceRule) String() string {
	number := func(n int64) string {
		if n == every {
			return "*"
		}
		return fmt.Sprint(n)
	}
	if len(r.kinds) > 1 {
		return "every device"
	}
	return fmt.Sprintf("%s %s:%s %s", r.kinds, number(r.major), number(r.minor), r.access)
}

func singleDenial(c *Case, all []excess, nodes bool) *Denial {
	d := &Denial{"devices", "linux.resources.devices", "", "what every container has or the tenant's own", "security.level: privileged"}
	if nodes {
		d.Path = "linux.devices"
	}
	var names, paths, numbers []string
	for _, e := range all[:min(len(all), fewDevices)] {
		names, numbers = append(names, e.String()), append(numbers, e.deviceRange.String())
		if p := pathOnNode(c, e); p != "" {
			paths = append(paths, fmt.Sprintf("{path: %s}", legible(p)))
		}
		if !e.is || !(BlockDevice{e.major, e.minor}).valid() {
			d.Allow = Nothing
		}
	}
	d.Got = firstFew(names)
	switch more := len(all) - len(names); {
	case more > 0:
		d.Got, d.Allow = fmt.Sprintf("%s and %d more", d.Got, more), "security.level: privileged"
	case d.Allow == Nothing:
	case len(paths) == len(all):
		d.Allow = fmt.Sprintf("security.exceptions.devices: [%s]", strings.Join(paths, ", "))
	default:
		d.Allow = "security.exceptions.devices, by the node's paths of " + strings.Join(numbers, ", ")
	}
	return d
}

// pathOnNode is what the operator calls a device, empty when nobody looked: its
// path in the container, if the node has the device there too.
func pathOnNode(c *Case, e excess) string {
	is := func(p string) bool {
		d, ok := deviceAt(c.Facts.Files[p])
		return ok && e.is && d == e.deviceRange && belowOneOf([]string{"/dev"}, p)
	}
	if is(e.path) {
		return e.path
	}
	var others []string
	for p := range c.Facts.Files {
		if is(p) {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return ""
	}
	return slices.Min(others)
}

// firstFew joins the first few.
func firstFew(all []string) string {
	if n := len(all) - fewDevices; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:fewDevices], ", "), n)
	}
	return strings.Join(all, ", ")
}
