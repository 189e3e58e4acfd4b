package doctor

import (
	"context"
	"strconv"
)

// security.userNamespace: whether containers can have users of their own.
var _ = register(Check{"security.userNamespace", checkUserNamespaces})

func checkUserNamespaces(_ context.Context, n *Node) ([]Result, error) {
	r := Result{
		Level: Warning, Means: "root in a container is root of the node, less its capabilities; with userNamespace: Required nothing starts",
	}
	if !n.there("/proc/self/ns/user") {
		r.What, r.Fix = "the kernel has no user namespaces", "a kernel built with CONFIG_USER_NS"
		return []Result{r}, nil
	}
	most, err := n.text("/proc/sys/user/max_user_namespaces")
	if err != nil {
		return nil, err
	}
	if number, err := strconv.Atoi(most); err != nil || number == 0 {
		r.What, r.Fix = "user namespaces are switched off", "sysctl user.max_user_namespaces=15000"
		return []Result{r}, nil
	}
	return ok("containers can have one (Docker: userns-remap; Kubernetes: hostUsers: false; ctr: --uidmap)"), nil
}
