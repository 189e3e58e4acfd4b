package isolator

import (
	"os"
	"path"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/tenant"
)

// nodeMode is the most that a device's node may have. What lies above, a type
// too, crun would add to the node's own (1.8.1, libcrun_create_dev).
const nodeMode = os.FileMode(0o666)

// narrowNodes returns the nodes that the tenant may have, and the others.
func (g grants) narrowNodes(nodes []specs.LinuxDevice) (kept, beyond []specs.LinuxDevice) {
	for _, n := range nodes {
		if d, ok := deviceOf(n); !ok || !g.node(d) {
			beyond = append(beyond, n)
			continue
		}
		if n.FileMode != nil && *n.FileMode&^nodeMode != 0 {
			n.FileMode = new(*n.FileMode & nodeMode)
		}
		kept = append(kept, n)
	}
	return kept, beyond
}

// nodePaths refuses a node whose path would bring another file of the node into
// the container. One wrong path is named, of perhaps hundreds.
func nodePaths(c *Case, r *Request) error {
	nodes, _ := devicesIn(r)
	for i, n := range nodes {
		want, allow := "", Nothing
		switch f, found := c.Facts.Files[n.Path]; {
		case !path.IsAbs(n.Path) || path.Clean(n.Path) != n.Path:
			want = "an absolute path without dots"
		case c.Policy.Security.Level != tenant.Privileged && !belowOneOf([]string{"/dev"}, n.Path):
			want, allow = "a path below /dev", "security.level: privileged"
		case isMounted(c) && !isNodeOf(f, n):
			want = "the path that the node itself has for the device: it is mounted into the user namespace"
		case found && f.Kind != Block && f.Kind != Char:
			want = "a path where the node has no other file" // it is mounted where mknod(2) fails
		default:
			continue
		}
		return &Denial{"devices", "linux.devices[" + strconv.Itoa(i) + "].path", strconv.Quote(n.Path), want, allow}
	}
	return nil
}

// isMounted reports whether delegates mount devices instead of making nodes.
func isMounted(c *Case) bool {
	s := c.Shape.Namespaces[specs.UserNamespace]
	return s == Own || s == Join
}

func isNodeOf(f File, n specs.LinuxDevice) bool {
	asked, ok := deviceOf(n)
	is, real := deviceAt(f)
	return ok && real && asked == is
}
