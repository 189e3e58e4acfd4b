package doctor

import (
	"context"
	"slices"
	"strings"
)

// lsm: which security module confines containers besides.
var _ = register(Check{"lsm", checkLSM})

func checkLSM(_ context.Context, n *Node) ([]Result, error) {
	list, err := n.text("/sys/kernel/security/lsm")
	if err != nil {
		return nil, err
	}
	active := strings.Split(list, ",")
	enabled, err := n.text("/sys/module/apparmor/parameters/enabled") // also where securityfs is not mounted
	if err != nil {
		return nil, err
	}
	switch {
	case slices.Contains(active, "selinux") || n.there("/sys/fs/selinux/enforce"):
		enforcing, err := n.text("/sys/fs/selinux/enforce")
		if err != nil || enforcing != "0" {
			return ok("SELinux"), err
		}
		return []Result{{
			Level: Warning, What: "SELinux is permissive",
			Means: "labels of containers are set, and nothing is refused by them", Fix: "setenforce 1",
		}}, nil
	case slices.Contains(active, "apparmor") || enabled == "Y":
		if n.Facts.AppArmor {
			return ok("AppArmor"), nil
		}
		return []Result{{
			Level: Warning, What: "the kernel has AppArmor, and engines do not find it",
			Means: "containers get no profile", Fix: "mount securityfs, and install apparmor_parser",
		}}, nil
	}
	return []Result{{
		Level: Note, What: "the node has neither AppArmor nor SELinux",
		Means: "nothing but capabilities, namespaces and filters confines a container; a policy's appArmorProfile has no effect",
		Fix:   "boot with lsm=…,apparmor (CONFIG_SECURITY_APPARMOR)",
	}}, nil
}
