package isolator

import (
	"errors"
	"path"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

/*
devices: device nodes, and what the cgroup lets a container do with devices.

Owns     linux.devices, linux.resources.devices
Rule     The cgroup's rules begin with denying everything. What they allow is
         one of the devices that every container has (null, zero, full, random,
         urandom, tty, ptmx, pts) or of the tenant's own, by the numbers that
         the node has for their paths now. Access beyond that is taken away, and
         the node's console with it; any other device, or a rule for many, is
         refused, or removed under Narrow. A node lies below /dev, is one of
         these devices and has no mode beyond 0666; where the container has a
         user namespace it is what the node has at its path. Level privileged
         has what was asked for.
Because  A disk, /dev/mem and /dev/kmsg are the node itself (attack rows 37,
         40). Into a user namespace delegates mount the node's file of that
         path, whatever the numbers say (runc 1.5.2, bindMountDeviceNode). To
         crun an absent list is no restraint at all (1.8.1, cgroup-resources.c).
         Making a node gives no access to the device; delegates allow it by
         themselves (runc's AllowedDevices), and some of them /dev/net/tun, with
         which only CAP_NET_ADMIN makes an interface.
Escape   security.exceptions.devices, security.exceptions.cdiDevices,
         security.level: privileged, security.onExcess: Narrow.
*/

var _ = register(Isolator{
	Name:    "devices",
	Owns:    []string{"/spec/linux/devices", "/spec/linux/resources/devices"},
	Reason:  "no device but what every container has and the tenant's own",
	Leq:     devicesLeq,
	Rewrite: grantedDevices,
	Update:  updateDevices,
	Holds:   devicesHold,
})

func grantedDevices(c *Case, r *Request) error {
	errs := []error{nodePaths(c, r)}
	if c.Policy.Security.Level == tenant.Privileged {
		return errors.Join(errs...)
	}
	own := devicesOf(c)
	nodes, rules := devicesIn(r)
	keptRules, beyondRules := own.narrowRules(c, rules)
	keptNodes, beyondNodes := own.narrowNodes(nodes)
	if len(keptNodes) != len(nodes) || len(keptNodes) > 0 {
		r.linux().Devices = keptNodes
	}
	if len(keptRules) > 0 || len(rules) > 0 {
		r.resources().Devices = keptRules
	}
	if c.Policy.Security.OnExcess != tenant.Narrow {
		errs = append(errs, deviceDenials(c, beyondNodes, beyondRules))
	}
	return errors.Join(errs...)
}

// updateDevices narrows what the container has already, and refuses only what
// the update itself names: a policy that became stricter must not stop every
// other update.
func updateDevices(c *Case, res *specs.LinuxResources) error {
	if c.Policy.Security.Level == tenant.Privileged {
		return nil
	}
	var recorded []specs.LinuxDeviceCgroup
	if c.Created.Resources != nil {
		recorded = c.Created.Resources.Devices
	}
	named := !slices.EqualFunc(res.Devices, recorded, sameRule)
	kept, beyond := devicesOf(c).narrowRules(c, res.Devices)
	res.Devices = kept
	if named && c.Policy.Security.OnExcess != tenant.Narrow {
		return deviceDenials(c, nil, beyond)
	}
	return nil
}

func devicesHold(c *Case, r *Request) error {
	if err := nodePaths(c, r); err != nil {
		return err
	}
	if c.Policy.Security.Level == tenant.Privileged {
		return nil
	}
	own := devicesOf(c)
	nodes, rules := devicesIn(r)
	_, beyondNodes := own.narrowNodes(nodes)
	kept, beyondRules := own.narrowRules(c, rules)
	if err := deviceDenials(c, beyondNodes, beyondRules); err != nil {
		return err
	}
	if !slices.EqualFunc(kept, rules, sameRule) {
		return &Denial{"devices", "linux.resources.devices", "wider than what the tenant has", "a denial of all, then the tenant's devices", "security.exceptions.devices"}
	}
	return nil
}

func devicesIn(r *Request) ([]specs.LinuxDevice, []specs.LinuxDeviceCgroup) {
	if r.Spec.Linux == nil {
		return nil, nil
	}
	return r.Spec.Linux.Devices, resourcesOf(r).Devices
}

// restrainsByItself reports a delegate that denies every device but its own
// when no rules are given. Source: runc 1.1.5 and 1.5.2, buildEmulator; crun
// 1.8.1 writes nothing then. On Update no delegate is known: no rules then
// leave what there is.
func restrainsByItself(c *Case) bool {
	name := path.Base(c.Facts.Delegate.Path)
	return name == "runc" || name == "."
}
